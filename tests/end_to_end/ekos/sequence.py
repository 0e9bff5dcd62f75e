"""Ekos' sequence files (.esq): jobs of frames to take.

Source: KStars 3.6.2, SequenceQueue version 2.4.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """Frames alike; the CCD is brought to its temperature first."""

    kind: str
    exposure_s: float
    count: int
    filter: str
    temperature_celsius: float
    binning: int = 1


def write_sequence(path: Path, jobs: Sequence[Job], size: tuple[int, int], images: Path) -> None:
    """Write a sequence of whole frames, `size` unbinned pixels wide and high."""
    queue = ET.Element("SequenceQueue", version="2.4")
    for job in jobs:
        queue.append(_element(job, size, images))
    ET.indent(queue)
    ET.ElementTree(queue).write(path, encoding="UTF-8", xml_declaration=True)


def _element(job: Job, size: tuple[int, int], images: Path) -> ET.Element:
    root = ET.Element("Job")
    _add(root, Exposure=job.exposure_s, Encoding="FITS")
    _add(_child(root, "Binning"), X=job.binning, Y=job.binning)
    _add(_child(root, "Frame"), X=0, Y=0, W=size[0], H=size[1])
    temperature = ET.SubElement(root, "Temperature", force="true")
    temperature.text = str(job.temperature_celsius)
    _add(root, Filter=job.filter, Type=job.kind)
    _add(
        _child(root, "Prefix"),
        RawPrefix="night",
        FilterEnabled=1,
        ExpEnabled=1,
        TimeStampEnabled=1,
    )
    _add(root, Count=job.count, Delay=0, FITSDirectory=images, UploadMode=0)
    calibration = _child(root, "Calibration")
    _add(_child(calibration, "FlatSource"), Type="Manual")
    flat = _child(calibration, "FlatDuration")
    flat.set("dark", "false")
    _add(flat, Type="Manual")
    _add(calibration, PreMountPark=False, PreDomePark=False)
    return root


def _child(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, name)


def _add(parent: ET.Element, **values: object) -> None:
    for name, value in values.items():
        ET.SubElement(parent, name).text = str(value)
