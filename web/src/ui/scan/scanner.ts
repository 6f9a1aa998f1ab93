/** Reading a QR code from the camera's picture, a few times a second. Nothing leaves the page: frames are not kept. */

/** Milliseconds between two looks: reading costs more than drawing. */
const pace = 180;
/** Pixels of the longer side that are looked at; more only costs time. */
const side = 720;

export type CameraFailure = "denied" | "missing";

/**
 * Show the camera in `video` and call `found` with each text read, until the returned function is called.
 *
 * @throws CameraFailure as a string: the person or the policy said no, or there is no camera.
 */
export async function watch(video: HTMLVideoElement, found: (text: string) => void): Promise<() => void> {
  const reader = import("qr/decode.js");
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1280 } },
      audio: false,
    });
  } catch (reason) {
    const name = reason instanceof DOMException ? reason.name : "";
    const failure: CameraFailure =
      name === "NotAllowedError" || name === "SecurityError" ? "denied" : "missing";
    throw failure;
  }
  const stop = (): void => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    video.srcObject = stream;
    await video.play();
    const { decodeQR } = await reader;
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    timer = setInterval(() => {
      if (!context || video.videoWidth === 0) return;
      const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
      let text: string;
      try {
        text = decodeQR({ data, width, height });
      } catch {
        // No code in this frame.
        return;
      }
      found(text);
    }, pace);
  } catch (reason) {
    stop();
    throw reason;
  }
  return stop;
}
