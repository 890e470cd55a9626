/** Images that the plugin serves, decoded. */
import { fetchBlob, imageAddress } from "./client.ts";

/** An image by its content hash, ready to be drawn. */
export async function fetchImage(run: string, hash: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = imageAddress(run, hash);
  await image.decode().catch(async () => {
    await fetchBlob("image", run, hash); // says whether it is the server or the image
    image.src = imageAddress(run, hash);
    await image.decode();
  });
  return image;
}

/** Its pixels. */
export async function fetchPixels(run: string, hash: string): Promise<ImageData> {
  const image = await fetchImage(run, hash);
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("There is no canvas to read the image from.");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
