/** Tables as comma-separated values, as spreadsheets and programs read them alike. */
export type Cell = string | number | undefined;
/** The names of the columns, then the rows. */
export type Table = readonly (readonly Cell[])[];

export function formatTable(table: Table): string {
  return table.map((cells) => `${cells.map(field).join(",")}\r\n`).join("");
}

/** Quoted where it has to be, and so that no spreadsheet takes a text for a formula. A number that is not known is empty. */
export function field(cell: Cell): string {
  if (cell === undefined || Number.isNaN(cell)) return "";
  if (typeof cell === "number") return String(Number.isInteger(cell) ? cell : Number(cell.toPrecision(7))); // float32
  const safe = /^[=+@\t\r]|^-(?!\d+(\.\d+)?(e[+-]?\d+)?$)/i.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
