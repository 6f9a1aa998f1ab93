"""What a camera sees: a video file for Chromium's fake device, with a QR code in the picture."""

from pathlib import Path
from typing import Final

import segno

WIDTH: Final = 1280
HEIGHT: Final = 720
FRAMES: Final = 4
BLACK, WHITE, NEUTRAL = 16, 235, 128
"""Levels of Y'CbCr video (ITU-R BT.601)."""
FLAGS: Final = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def flags(film: Path) -> list[str]:
    """Chromium's flags for a camera that films `film`, which may be made later."""
    return [*FLAGS, f"--use-file-for-fake-video-capture={film}"]


def film_code(film: Path, text: str) -> None:
    """A short YUV4MPEG2 film, 4:2:0, of one QR code in the middle of a white picture."""
    modules = [list(row) for row in segno.make(text, micro=False).matrix]
    size = HEIGHT * 8 // 10 // len(modules)
    left, top = (WIDTH - size * len(modules)) // 2, (HEIGHT - size * len(modules)) // 2
    luma = bytearray([WHITE]) * (WIDTH * HEIGHT)
    for y, row in enumerate(modules):
        line = b"".join(bytes([BLACK if dark else WHITE]) * size for dark in row)
        for inner in range(size):
            start = (top + y * size + inner) * WIDTH + left
            luma[start : start + len(line)] = line
    chroma = bytes([NEUTRAL]) * (WIDTH * HEIGHT // 2)
    frame = b"FRAME\n" + bytes(luma) + chroma
    film.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode() + frame * FRAMES)
