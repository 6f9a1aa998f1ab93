/** A group's picture: a square of 256 pixels, cut out of what the person chose, in at most 24,000 bytes. */

export const pictureSide = 256;
export const pictureBytes = 24_000;

/** The part of an image that is shown: its middle as shares of width and height, and how near it is seen (1 to 4). */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** The square in pixels of the image that `view` shows, moved so that it lies within the image. */
export function cropOf(width: number, height: number, view: View): { x: number; y: number; side: number } {
  const side = Math.min(width, height) / Math.max(1, view.zoom);
  const within = (middle: number, length: number): number =>
    Math.max(0, Math.min(middle * length - side / 2, length - side));
  return { x: within(view.x, width), y: within(view.y, height), side };
}

/** The view moved by shares of what it shows, and kept where it still changes something. */
export function moved(width: number, height: number, view: View, right: number, down: number): View {
  const { x, y, side } = cropOf(width, height, view);
  const next = {
    ...view,
    x: (x + side / 2 + right * side) / width,
    y: (y + side / 2 + down * side) / height,
  };
  const kept = cropOf(width, height, next);
  return { ...next, x: (kept.x + side / 2) / width, y: (kept.y + side / 2) / height };
}

/** Draw `view` of the image over the whole canvas. */
export function draw(canvas: HTMLCanvasElement, image: ImageBitmap, view: View): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { x, y, side } = cropOf(image.width, image.height, view);
  context.imageSmoothingQuality = "high";
  // What is transparent becomes white: JPEG has no transparency, and both themes show the same picture.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, x, y, side, side, 0, 0, canvas.width, canvas.height);
}

/**
 * The canvas as WebP, or as JPEG where the browser writes no WebP, at the best quality that fits.
 *
 * Nothing of the chosen file but its pixels is in it: no place, no camera, no name.
 */
export async function encode(canvas: HTMLCanvasElement): Promise<Uint8Array> {
  for (const type of ["image/webp", "image/jpeg"]) {
    for (const quality of [0.9, 0.8, 0.7, 0.55, 0.4, 0.25, 0.1]) {
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
      // A browser that cannot write the type gives PNG instead.
      if (blob?.type !== type) break;
      if (blob.size <= pictureBytes) return new Uint8Array(await blob.arrayBuffer());
    }
  }
  throw new Error("No encoding of the picture fits");
}
