/**
 * Draws the PNG icons from the same shapes as public/icons/beep.svg: `node scripts/make-icons.mjs`. The files are committed;
 * the same shapes give the same bytes.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";

const accent = [10, 105, 99];
const white = [255, 255, 255];
/** Samples a pixel's side: 4 × 4 are enough for smooth edges at these sizes. */
const samples = 4;

/** The bubble, in the 32-unit square of the SVG: a rounded rectangle and its tail. */
function inBubble(x, y) {
  const dx = Math.max(7 - x, 0, x - 25);
  const dy = Math.max(8 - y, 0, y - 19);
  if (x >= 2 && x <= 30 && y >= 3 && y <= 24 && dx * dx + dy * dy <= 25) return true;
  return x >= 9 && y >= 23 && y <= 28.7 - 0.15 && y <= 24 + ((16.8 - x) * 4.7) / 5.3;
}

function inDot(x, y) {
  return [11.5, 20.5].some((centre) => (x - centre) ** 2 + (y - 13.5) ** 2 <= 2.6 ** 2);
}

/**
 * RGBA rows of the mark. `plain`: the mark on nothing. `tile`: white on the accent, drawn smaller, for systems that cut
 * the corners in their own way (a maskable icon's safe zone is the inner 80 %).
 */
function draw(size, style) {
  const scale = style === "tile" ? 1.75 : 1;
  const pixels = Buffer.alloc(size * size * 4);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const sum = [0, 0, 0, 0];
      for (let step = 0; step < samples * samples; step += 1) {
        const u = (column + ((step % samples) + 0.5) / samples) / size;
        const v = (row + (Math.floor(step / samples) + 0.5) / samples) / size;
        const x = (u - 0.5) * 32 * scale + 16;
        const y = (v - 0.5) * 32 * scale + 16;
        const bubble = inBubble(x, y);
        const dot = inDot(x, y);
        const colour = style === "tile" ? (bubble && !dot ? white : accent) : dot ? white : accent;
        if (style !== "tile" && !bubble) continue;
        for (let channel = 0; channel < 3; channel += 1) sum[channel] += colour[channel];
        sum[3] += 1;
      }
      const at = (row * size + column) * 4;
      for (let channel = 0; channel < 3; channel += 1) {
        pixels[at + channel] = sum[3] ? Math.round(sum[channel] / sum[3]) : 0;
      }
      pixels[at + 3] = Math.round((255 * sum[3]) / (samples * samples));
    }
  }
  return pixels;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG file (W3C PNG §5): 8 bits a channel, RGBA, no filter. */
function png(size, pixels) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let row = 0; row < size; row += 1) {
    pixels.copy(rows, row * (size * 4 + 1) + 1, row * size * 4, (row + 1) * size * 4);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

for (const [name, size, style] of [
  ["beep-180.png", 180, "tile"],
  ["beep-192.png", 192, "plain"],
  ["beep-512.png", 512, "plain"],
  ["beep-maskable-512.png", 512, "tile"],
]) {
  const path = fileURLToPath(new URL(`../public/icons/${name}`, import.meta.url));
  writeFileSync(path, png(size, draw(size, style)));
}
