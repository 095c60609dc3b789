/** An answer in forms to take away: JSON, a curl command, a citation, a table. */

import { day, nameOf, percent, text, years } from "./messages.js";
import { address } from "./upload.js";

export function asJson({ answer }) {
  return JSON.stringify(answer, null, 2);
}

/** For a POSIX shell. */
export function asCurl({ answer: { model }, name }) {
  const quote = (words) => `'${words.replaceAll("'", "'\\''")}'`;
  const url = address(`predict?model=${model.name}@${model.version}`);
  return `curl -H 'Content-Type: application/octet-stream' --data-binary ${quote(`@${name}`)} ${quote(url)}`;
}

/** A sentence for a footnote. */
export function asCitation({ answer, name, moment }) {
  const said = text(`cite.${answer.verdict}`, {
    file: name,
    period: nameOf(answer.period, answer.label),
    years: years(answer.years),
    share: percent(answer.confidence),
  });
  return said + text("cite.by", { ...answer.model, day: day(moment) });
}

/** One row a picture. */
export function asCsv(entries) {
  const rows = entries.map(({ answer, problem, name, moment }) => ({
    file: name,
    read_at: new Date(moment).toISOString(),
    verdict: answer?.verdict,
    reason: answer?.reason_code,
    period: answer?.period,
    confidence: answer?.confidence,
    year: answer?.date?.median,
    year_from: answer?.date?.interval[0],
    year_to: answer?.date?.interval[1],
    model: answer?.model.name,
    version: answer?.model.version,
    problem: problem?.code,
    ...Object.fromEntries(
      Object.entries(answer?.probabilities ?? {}).map(([period, share]) => [`probability_${period}`, share]),
    ),
  }));
  const head = [...new Set(rows.flatMap(Object.keys))];
  const table = [head, ...rows.map((row) => head.map((column) => row[column]))];
  // The byte order mark is for Excel.
  return `\ufeff${table.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

function cell(value = "") {
  // A spreadsheet would run a file name such as "=..." as a formula.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
