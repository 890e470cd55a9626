/** A panel's points on the GPU, in the order in which they are drawn: eight bytes each in two dimensions. */
import { packed, pixelsOf } from "../colours.ts";
import type { Order } from "../order.ts";
import type { PanelModel } from "../panel.ts";
import type { Theme } from "../types.ts";
import { FROM, POINT, TO, type Variant } from "./shaders.ts";

/** So many rows are put in order at a time, so that no second copy of all is made. */
const CHUNK = 1 << 16;

export class GpuPoints {
  private readonly to: WebGLBuffer;
  private readonly from: WebGLBuffer;
  private readonly point: WebGLBuffer;
  private readonly top: WebGLBuffer;
  /** What is there: of which version, and with which colour for what is missing. */
  private readonly there = { points: -1, colours: -1, missing: -1 };
  private topRows: Uint32Array | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    const buffer = () => gl.createBuffer();
    [this.to, this.from, this.point, this.top] = [buffer(), buffer(), buffer(), buffer()];
  }

  /** Bring what is on the GPU up to date, and point the attributes to it. */
  bind(panel: PanelModel, variant: Variant, theme: Theme): void {
    const { gl, there } = this;
    const { points, versions, order } = panel;
    const { dims } = points;
    if (there.points !== versions.points) {
      this.uploadPositions(this.to, points.to.stored, dims, order);
      if (points.from) this.uploadPositions(this.from, points.from.stored, dims, order);
      there.points = versions.points;
    }
    this.updatePoints(panel, theme);
    const stride = 2 * storedDims(dims);
    this.attribute(TO, this.to, () => gl.vertexAttribPointer(TO, dims, gl.UNSIGNED_SHORT, false, stride, 0));
    this.attribute(POINT, this.point, () => gl.vertexAttribIPointer(POINT, 1, gl.UNSIGNED_INT, 0, 0));
    if (variant.morphing)
      this.attribute(FROM, this.from, () => gl.vertexAttribPointer(FROM, dims, gl.UNSIGNED_SHORT, false, stride, 0));
    else gl.disableVertexAttribArray(FROM);
  }

  /** Bind the list of the points on top; how many there are. */
  bindTop({ states, order }: PanelModel): number {
    const { gl } = this;
    const rows = states.onTop(order);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.top);
    if (rows !== this.topRows) {
      const slots = rows.map((row) => order.slotOf(row));
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, slots, gl.DYNAMIC_DRAW);
      this.topRows = rows;
    }
    return rows.length;
  }

  destroy(): void {
    for (const buffer of [this.to, this.from, this.point, this.top]) this.gl.deleteBuffer(buffer);
  }

  private attribute(place: number, buffer: WebGLBuffer, describe: () => void): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.enableVertexAttribArray(place);
    describe();
  }

  /** Colours and states, all of them or those that changed. */
  private updatePoints({ versions, states, colours, order }: PanelModel, theme: Theme): void {
    const { gl, there } = this;
    const touched = states.takeTouched();
    const pixel = pixelsOf(colours, theme);
    const point = (row: number) => packed(pixel(row), states.seen[row] as number);
    const others = there.colours !== versions.colours || there.missing !== theme.missing;
    if (others || touched === "all") {
      this.upload(this.point, new Uint32Array(Math.min(CHUNK, order.length)), 1, order, (row, chunk, at) => {
        chunk[at] = point(row);
      });
      [there.colours, there.missing] = [versions.colours, theme.missing];
    } else if (touched.length > 0) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.point);
      for (const row of touched) gl.bufferSubData(gl.ARRAY_BUFFER, 4 * order.slotOf(row), Uint32Array.of(point(row)));
    }
  }

  private uploadPositions(buffer: WebGLBuffer, stored: Uint16Array, dims: 2 | 3, order: Order): void {
    const count = Math.min(CHUNK, order.length);
    if (dims === 2) {
      // Both coordinates are moved as one number of four bytes.
      const aligned = stored.byteOffset % 4 === 0 ? stored : stored.slice();
      const pairs = new Uint32Array(aligned.buffer, aligned.byteOffset, order.length);
      this.upload(buffer, new Uint32Array(count), 1, order, (row, chunk, at) => {
        chunk[at] = pairs[row] as number;
      });
    } else
      this.upload(buffer, new Uint16Array(4 * count), 4, order, (row, chunk, at) => {
        for (let axis = 0; axis < 3; axis++) chunk[at + axis] = stored[3 * row + axis] as number;
      });
  }

  private upload<Chunk extends Uint16Array | Uint32Array>(
    buffer: WebGLBuffer,
    chunk: Chunk,
    width: number,
    { length, stride }: Order,
    put: (row: number, chunk: Chunk, at: number) => void,
  ): void {
    const { gl } = this;
    const bytes = width * chunk.BYTES_PER_ELEMENT;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, length * bytes, gl.DYNAMIC_DRAW);
    for (let start = 0, row = 0; start < length; start += CHUNK) {
      const count = Math.min(CHUNK, length - start);
      for (let slot = 0; slot < count; slot++) {
        put(row, chunk, slot * width);
        row += stride;
        if (row >= length) row -= length;
      }
      gl.bufferSubData(gl.ARRAY_BUFFER, start * bytes, chunk, 0, count * width);
    }
  }
}

/** Three coordinates take the room of four: GPUs read nothing that does not begin at four bytes. */
function storedDims(dims: 2 | 3): number {
  return dims === 2 ? 2 : 4;
}
