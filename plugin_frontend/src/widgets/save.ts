/** Hands a file to the browser's downloads, by a link to a blob, which works over plain HTTP too. */
import { formatTable, type Table } from "../data/csv.ts";

export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replace(/[^\w.-]+/g, "_");
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function saveTable(table: Table, name: string): void {
  save(new Blob([formatTable(table)], { type: "text/csv" }), name);
}
