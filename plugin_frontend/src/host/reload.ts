/** Hears of TensorBoard's reloads, through the message channel that it offers to plugins. */
import { inReport } from "./window.ts";

const BOOTSTRAP = "experimental.bootstrap";
const DATA_RELOADED = "experimental.DataReloaded";

export function onDataReloaded(callback: () => void): void {
  if (inReport || window.parent === window) return;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<string>) => {
    const { type, id, isReply } = JSON.parse(data);
    if (isReply) return;
    port1.postMessage(JSON.stringify({ type, id, payload: null, error: null, isReply: true }));
    if (type === DATA_RELOADED) callback();
  };
  window.parent.postMessage(BOOTSTRAP, "*", [port2]);
}
