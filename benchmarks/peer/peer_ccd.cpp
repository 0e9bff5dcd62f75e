/* A minimal camera driver on libindi, for comparison in the benchmarks; nobody should use it.

   It is what one gets by filling in INDI::CCD and letting libcurl fetch the frame: the camera's
   state is asked for every 60 ms once the exposure's time is up, then ImagerData.bin is downloaded
   into the chip's buffer, and ExposureComplete makes the FITS file and sends it. At least 50 ms pass
   between an answer and the next command (STX API, "HTTP Command Interval").

   The camera's address is in the environment: STX_PEER_CAMERA=host:port. */

#include <indiccd.h>

#include <curl/curl.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

namespace
{
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto COMMAND_GAP = 50ms;
constexpr int STATE_POLL_MS = 60;
constexpr const char *IDLE = "0";

/* Where the bytes of a frame go. */
struct Buffer
{
    uint8_t *start;
    size_t size;
    size_t used;
};

size_t appendText(char *data, size_t, size_t count, void *text)
{
    static_cast<std::string *>(text)->append(data, count);
    return count;
}

size_t appendPixels(char *data, size_t, size_t count, void *target)
{
    auto *buffer = static_cast<Buffer *>(target);
    if (count > buffer->size - buffer->used)
        return 0; // libcurl takes that for an error
    std::memcpy(buffer->start + buffer->used, data, count);
    buffer->used += count;
    return count;
}

/* The camera's HTTP side: one request at a time, at the pace that it allows. */
class Camera
{
    public:
        explicit Camera(const std::string &address) : origin("http://" + address + "/api/"), curl(curl_easy_init())
        {
            curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_0));
            curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
            curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
            curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
            curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024L);
        }

        ~Camera()
        {
            curl_easy_cleanup(curl);
        }

        Camera(const Camera &) = delete;
        Camera &operator=(const Camera &) = delete;

        bool ask(const std::string &call, std::string &answer)
        {
            answer.clear();
            curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, appendText);
            curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
            if (!perform(call))
                return false;
            while (!answer.empty() && std::isspace(static_cast<unsigned char>(answer.back())))
                answer.pop_back();
            return true;
        }

        bool tell(const std::string &call)
        {
            std::string ignored;
            return ask(call, ignored);
        }

        bool download(const std::string &call, Buffer &buffer)
        {
            curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, appendPixels);
            curl_easy_setopt(curl, CURLOPT_WRITEDATA, &buffer);
            return perform(call) && buffer.used == buffer.size;
        }

    private:
        bool perform(const std::string &call)
        {
            std::this_thread::sleep_until(free_from);
            curl_easy_setopt(curl, CURLOPT_URL, (origin + call).c_str());
            const bool ok = curl_easy_perform(curl) == CURLE_OK;
            free_from = Clock::now() + COMMAND_GAP;
            return ok;
        }

        std::string origin;
        CURL *curl;
        Clock::time_point free_from {};
};
}

class PeerCCD : public INDI::CCD
{
    public:
        const char *getDefaultName() override
        {
            return "STX Peer";
        }

        bool initProperties() override
        {
            INDI::CCD::initProperties();
            SetCCDCapability(CCD_CAN_ABORT | CCD_CAN_SUBFRAME);
            PrimaryCCD.setMinMaxStep("CCD_EXPOSURE", "CCD_EXPOSURE_VALUE", 0.01, 3600, 0.01, false);
            return true;
        }

    protected:
        bool Connect() override
        {
            const char *address = std::getenv("STX_PEER_CAMERA");
            if (address == nullptr)
                return false;
            camera = std::make_unique<Camera>(address);
            std::string answer;
            int width = 0, height = 0;
            if (!camera->ask("ImagerGetSettings.cgi?CameraXSize&CameraYSize", answer) ||
                    std::sscanf(answer.c_str(), "%d %d", &width, &height) != 2)
                return false;
            SetCCDParams(width, height, 16, 9, 9);
            return UpdateCCDFrame(0, 0, width, height);
        }

        bool Disconnect() override
        {
            camera.reset();
            return true;
        }

        bool UpdateCCDFrame(int x, int y, int w, int h) override
        {
            const std::string frame = "StartX=" + std::to_string(x) + "&StartY=" + std::to_string(y) +
                                      "&NumX=" + std::to_string(w) + "&NumY=" + std::to_string(h);
            if (!camera->tell("ImagerSetSettings.cgi?" + frame))
                return false;
            PrimaryCCD.setFrame(x, y, w, h);
            PrimaryCCD.setFrameBufferSize(w * h * 2);
            return true;
        }

        bool StartExposure(float duration) override
        {
            char call[64];
            std::snprintf(call, sizeof call, "ImagerStartExposure.cgi?Duration=%.2f&FrameType=1", duration);
            if (!camera->tell(call))
                return false;
            ends_at = Clock::now() + std::chrono::milliseconds(static_cast<int>(duration * 1000));
            PrimaryCCD.setExposureDuration(duration);
            InExposure = true;
            SetTimer(static_cast<uint32_t>(duration * 1000));
            return true;
        }

        bool AbortExposure() override
        {
            InExposure = false;
            return camera->tell("ImagerAbortExposure.cgi");
        }

        void TimerHit() override
        {
            if (!isConnected() || !InExposure)
                return;
            std::string state;
            if (Clock::now() < ends_at || !camera->ask("ImagerState.cgi", state) || state != IDLE)
            {
                SetTimer(STATE_POLL_MS);
                return;
            }
            InExposure = false;
            PrimaryCCD.setExposureLeft(0);
            const size_t size = static_cast<size_t>(PrimaryCCD.getSubW()) * PrimaryCCD.getSubH() * 2;
            Buffer buffer {PrimaryCCD.getFrameBuffer(), size, 0};
            if (camera->download("ImagerData.bin", buffer))
                ExposureComplete(&PrimaryCCD);
            else
                PrimaryCCD.setExposureFailed();
        }

    private:
        std::unique_ptr<Camera> camera;
        Clock::time_point ends_at {};
};

static std::unique_ptr<PeerCCD> peer(new PeerCCD());
