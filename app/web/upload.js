/** From a file to the service's answer. */

import { Problem, problemFrom } from "./problems.js";

const ATTEMPTS = 4;
const LONGEST_SIDE = 1600;
const SIMILAR = 6;

/** From this file's own address: the page works below any path. */
export function address(path) {
  return new URL(`../${path}`, import.meta.url).href;
}

/** Ask for JSON. */
export async function ask(path) {
  const answer = await fetch(address(path)).catch(() => {
    throw new Problem("network");
  });
  if (!answer.ok) throw problemFrom(answer.status, await answer.text());
  return answer.json();
}

/** The same picture, smaller; the file itself where it is small or unreadable. */
export async function shrink(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  const scale = bitmap ? LONGEST_SIDE / Math.max(bitmap.width, bitmap.height) : 1;
  if (scale >= 1) return file;
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // a JPEG has no transparency; the service uses white too
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const type = "image/jpeg";
  return new File([await canvas.convertToBlob({ type, quality: 0.92 })], file.name, { type });
}

/** Send a picture and wait for its answer, patiently where the service is busy. */
export async function send(file, { model, signal, onProgress = () => {} }) {
  await file.slice(0, 1).arrayBuffer().catch(() => {
    throw new Problem("unreadable"); // a folder, or a file that has gone since
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return JSON.parse(await post(file, model, signal, onProgress));
    } catch (problem) {
      if (!problem.retryAfter || attempt === ATTEMPTS) throw problem;
      await new Promise((resolve) => setTimeout(resolve, problem.retryAfter * attempt * 1000));
    }
  }
}

// fetch() cannot tell how much was sent.
function post(file, model, signal, onProgress) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ heatmap: true, ...(model ? { model } : { similar: SIMILAR }) });
    request.open("POST", address(`predict?${query}`));
    // The service looks at the bytes themselves.
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onabort = () => reject(signal.reason);
    request.onerror = () => reject(new Problem("network"));
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 200) resolve(responseText);
      else reject(problemFrom(status, responseText, request.getResponseHeader("Retry-After")));
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
