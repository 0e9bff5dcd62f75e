"""An INDI client, and the indiserver that it talks to."""
