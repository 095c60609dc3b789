/**
 * The pictures of this visit, newest first: in this tab's memory and nowhere else.
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
