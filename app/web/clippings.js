/** An answer in forms to take away: JSON, a curl command, a citation, a table. */

import { day, nameOf, percent, text, years } from "./messages.js";
import { address } from "./upload.js";

export function asJson({ answer }) {
  return JSON.stringify(answer, null, 2);
}

/** The command that asks for the same answer again, for a POSIX shell. */
export function asCurl({ answer: { model }, name }) {
  const quote = (words) => `'${words.replaceAll("'", "'\\''")}'`;
  const url = address(`predict?model=${model.name}@${model.version}`);
  return `curl -H 'Content-Type: application/octet-stream' --data-binary ${quote(`@${name}`)} ${quote(url)}`;
}

/** A sentence for a footnote: what was said, by which version of which model, on which day. */
export function asCitation({ answer, name, moment }) {
  return text(`cite.${answer.verdict}`, {
    ...answer.model,
    file: name,
    period: nameOf(answer.period, answer.label),
    years: years(answer.years),
    share: percent(answer.confidence),
    day: day(moment),
  });
}

/** This visit's pictures as CSV, one row each. */
export function asCsv(entries) {
  const classes = [...new Set(entries.flatMap(({ answer }) => Object.keys(answer?.probabilities ?? {})))];
  const head = ["file", "read_at", "verdict", "period", "confidence", "model", "version", "problem"];
  const rows = entries.map(({ answer, problem, name, moment }) => [
    name,
    new Date(moment).toISOString(),
    answer?.verdict,
    answer?.period,
    answer?.confidence,
    answer?.model.name,
    answer?.model.version,
    problem?.code,
    ...classes.map((each) => answer?.probabilities[each]),
  ]);
  const table = [[...head, ...classes.map((each) => `probability_${each}`)], ...rows];
  // The byte order mark lets Excel read UTF-8; RFC 4180 asks for CRLF.
  return `\ufeff${table.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

function cell(value = "") {
  // A spreadsheet would run a file name such as "=..." as a formula.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
