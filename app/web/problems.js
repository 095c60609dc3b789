import { text } from "./messages.js";

/** Why there is no answer; `code` is the service's (app/errors.py), or "network" or "unreadable". */
export class Problem extends Error {
  constructor(code, detail = "", retryAfter = 0) {
    super(code);
    Object.assign(this, { code, detail, retryAfter });
  }
}

// A proxy in between answers in its own words; its status still says what is wrong.
const BY_STATUS = { 404: "not_found", 413: "body_too_large", 503: "not_ready", 504: "deadline_exceeded" };

/** Read an answer that is no success. */
export function problemFrom(status, body, retryAfter) {
  let told = {};
  try {
    told = JSON.parse(body);
  } catch {
    // Not from Vasari: the status has to do.
  }
  return new Problem(told.code ?? BY_STATUS[status] ?? "internal_error", told.detail, Number(retryAfter));
}

/** One sentence for the person. */
export function explain({ code }) {
  return text(`problem.${code}`) || text("problem.internal_error");
}
