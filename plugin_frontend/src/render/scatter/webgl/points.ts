/** A panel's points on the GPU, in the order in which they are drawn. */
import type { Order } from "../order.ts";
import type { PanelModel } from "../panel.ts";
import { COLOUR, FROM, PALETTE_WIDTH, STATE, TO, type Variant } from "./shaders.ts";

/** What the GPU is given: one element for each row, or [rows, dims]. */
type Column = Uint8Array | Uint16Array | Uint32Array | Float32Array;

/** So many rows are put in order at a time, so that no second copy of all is made. */
const CHUNK = 1 << 16;

export class GpuPoints {
  private readonly to: WebGLBuffer;
  private readonly from: WebGLBuffer;
  private readonly colour: WebGLBuffer;
  private readonly state: WebGLBuffer;
  private readonly top: WebGLBuffer;
  private readonly palette: WebGLTexture;
  private readonly versions = { points: -1, colours: -1 };
  private topRows: Uint32Array | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    const buffer = () => gl.createBuffer();
    [this.to, this.from, this.colour, this.state, this.top] = [buffer(), buffer(), buffer(), buffer(), buffer()];
    this.palette = gl.createTexture();
  }

  variantOf({ points, morph, colours }: PanelModel, onTop: boolean): Variant {
    const colour = !colours ? "none" : "codes" in colours ? "code" : "value";
    return { morphing: points.from !== undefined && morph !== 1, colour, onTop };
  }

  /** Bring what is on the GPU up to date, and point the attributes to it. */
  bind(panel: PanelModel, variant: Variant): void {
    const { gl } = this;
    const { points, colours, order, states } = panel;
    if (this.versions.points !== panel.versions.points) {
      this.uploadPositions(this.to, points.to.stored, points.dims, order);
      if (points.from) this.uploadPositions(this.from, points.from.stored, points.dims, order);
      this.versions.points = panel.versions.points;
    }
    if (this.versions.colours !== panel.versions.colours) {
      if (colours) {
        this.upload(this.colour, "codes" in colours ? colours.codes : colours.values, order);
        this.uploadPalette("codes" in colours ? colours.palette : colours.lut);
      }
      this.versions.colours = panel.versions.colours;
    }
    const touched = states.takeTouched();
    if (touched === "all") this.upload(this.state, states.seen, order);
    else {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.state);
      for (const row of touched) gl.bufferSubData(gl.ARRAY_BUFFER, order.slotOf(row), states.seen, row, 1);
    }
    const stride = 2 * storedDims(points.dims);
    this.attribute(TO, this.to, () => gl.vertexAttribPointer(TO, points.dims, gl.UNSIGNED_SHORT, false, stride, 0));
    this.attribute(STATE, this.state, () => gl.vertexAttribIPointer(STATE, 1, gl.UNSIGNED_BYTE, 1, 0));
    if (variant.morphing)
      this.attribute(FROM, this.from, () =>
        gl.vertexAttribPointer(FROM, points.dims, gl.UNSIGNED_SHORT, false, stride, 0),
      );
    else gl.disableVertexAttribArray(FROM);
    if (colours && "codes" in colours) {
      const type = colours.codes.BYTES_PER_ELEMENT === 1 ? gl.UNSIGNED_BYTE : gl.UNSIGNED_SHORT;
      this.attribute(COLOUR, this.colour, () => gl.vertexAttribIPointer(COLOUR, 1, type, 0, 0));
    } else if (colours) {
      const type = colours.values.BYTES_PER_ELEMENT === 2 ? gl.UNSIGNED_SHORT : gl.FLOAT;
      this.attribute(COLOUR, this.colour, () => gl.vertexAttribPointer(COLOUR, 1, type, false, 0, 0));
    } else gl.disableVertexAttribArray(COLOUR);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
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
    for (const buffer of [this.to, this.from, this.colour, this.state, this.top]) this.gl.deleteBuffer(buffer);
    this.gl.deleteTexture(this.palette);
  }

  private attribute(place: number, buffer: WebGLBuffer, point: () => void): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.enableVertexAttribArray(place);
    point();
  }

  /** Two coordinates are moved as one number of four bytes. */
  private uploadPositions(buffer: WebGLBuffer, stored: Uint16Array, dims: 2 | 3, order: Order): void {
    if (dims === 3) this.upload(buffer, stored, order, 3, storedDims(3));
    else {
      const aligned = stored.byteOffset % 4 === 0 ? stored : stored.slice();
      this.upload(buffer, new Uint32Array(aligned.buffer, aligned.byteOffset, order.length), order);
    }
  }

  private upload(buffer: WebGLBuffer, column: Column, order: Order, width = 1, padded = width): void {
    const { gl } = this;
    const { length, stride } = order;
    const row = padded * column.BYTES_PER_ELEMENT;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, length * row, gl.DYNAMIC_DRAW);
    const chunk = new (column.constructor as new (length: number) => Column)(Math.min(CHUNK, length) * padded);
    for (let start = 0, from = 0; start < length; start += CHUNK) {
      const count = Math.min(CHUNK, length - start);
      for (let slot = 0; slot < count; slot++) {
        for (let i = 0; i < width; i++) chunk[slot * padded + i] = column[from * width + i] as number;
        from += stride;
        if (from >= length) from -= length;
      }
      gl.bufferSubData(gl.ARRAY_BUFFER, start * row, chunk, 0, count * padded);
    }
  }

  private uploadPalette(pixels: Uint32Array): void {
    const { gl } = this;
    const height = Math.max(1, Math.ceil(pixels.length / PALETTE_WIDTH));
    const rectangle = new Uint32Array(PALETTE_WIDTH * height);
    rectangle.set(pixels);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    const bytes = new Uint8Array(rectangle.buffer);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, PALETTE_WIDTH, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  }
}

/** Three coordinates take the room of four: GPUs read nothing that does not begin at four bytes. */
function storedDims(dims: 2 | 3): number {
  return dims === 2 ? 2 : 4;
}
