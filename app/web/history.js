/**
 * The pictures of this visit, newest first: in this tab's memory and nowhere else.
 *
 * Each has what add() gives it and, in time, `sent` (the file as it was sent), `card`, `answer`
 * or `problem`, `comparison` (every model's answers). Its `state` becomes "sending", "reading",
 * and "answered", "failed" or "cancelled".
 */
export const entries = [];

export function add(file) {
  const entry = {
    name: file.name,
    moment: Date.now(),
    state: "waiting",
    progress: 0,
    file,
    preview: URL.createObjectURL(file),
    abort: new AbortController(),
  };
  entries.unshift(entry);
  return entry;
}

export function forgetAll() {
  for (const { preview, abort } of entries.splice(0)) {
    abort.abort();
    URL.revokeObjectURL(preview);
  }
}
