/** Draws with WebGL2: pictures into one of two textures, the finished one shown with the points on top of it. */
import { pixelsPerUnit, rotation } from "../camera.ts";
import { channelsOf } from "../colours.ts";
import type { Painter } from "../painter.ts";
import type { Look, PanelModel } from "../panel.ts";
import type { Positions, Theme } from "../types.ts";
import { GpuPoints } from "./points.ts";
import { Programs } from "./programs.ts";
import type { Variant } from "./shaders.ts";

type Target = { frame: WebGLFramebuffer; texture: WebGLTexture };

export class WebglPainter implements Painter {
  readonly renderer = "webgl";
  readonly limit = Number.POSITIVE_INFINITY;
  private readonly programs: Programs;
  private readonly points = new Map<PanelModel, GpuPoints>();
  private size = { width: 1, height: 1, pixelRatio: 1 };
  private shown: Target;
  private drawn: Target;
  private fence: WebGLSync | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.programs = new Programs(gl);
    for (const look of ["disc", "dust"] as const) this.programs.prepare({ morphing: false, turned: false, look });
    [this.shown, this.drawn] = [this.createTarget(), this.createTarget()];
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
  }

  resize(width: number, height: number, pixelRatio: number): void {
    const { gl } = this;
    this.size = { width, height, pixelRatio };
    for (const { texture } of [this.shown, this.drawn]) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    }
  }

  begin(): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.drawn.frame);
    gl.disable(gl.SCISSOR_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  draw(panel: PanelModel, start: number, stop: number, count: number, theme: Theme): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.drawn.frame);
    const look = panel.look(count);
    const largest = this.size.pixelRatio * (panel.states.outlined > 0 ? look.diamond : look.size);
    this.use(panel, largest < 1.5 && panel.points.dims === 2 ? "dust" : "disc", theme, look);
    gl.drawArrays(gl.POINTS, start, stop - start);
    this.mark();
  }

  finish(): void {
    [this.shown, this.drawn] = [this.drawn, this.shown];
  }

  show(panels: readonly PanelModel[], theme: Theme): void {
    const { gl } = this;
    const { width, height } = this.size;
    gl.disable(gl.SCISSOR_TEST);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.shown.frame);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
    gl.clear(gl.COLOR_BUFFER_BIT); // browsers do not count copying as drawing: without it, reading the canvas would empty it
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    for (const panel of panels) {
      if (panel.length === 0) continue;
      const points = this.pointsOf(panel);
      const count = points.bindTop(panel);
      if (count === 0) continue;
      this.use(panel, "onTop", theme, panel.lookOnTop(count));
      gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 0);
    }
    this.mark();
  }

  ready(): boolean {
    const { gl, fence } = this;
    if (!fence) return true;
    if (gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) return false;
    gl.deleteSync(fence);
    this.fence = null;
    return true;
  }

  forget(panel: PanelModel): void {
    this.points.get(panel)?.destroy();
    this.points.delete(panel);
  }

  /** Browsers keep only so many contexts: this one is given back at once. */
  destroy(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private pointsOf(panel: PanelModel): GpuPoints {
    let points = this.points.get(panel);
    if (!points) {
      points = new GpuPoints(this.gl);
      this.points.set(panel, points);
    }
    return points;
  }

  private use(panel: PanelModel, kind: Variant["look"], theme: Theme, look: Look): void {
    const { gl } = this;
    const { width, height, pixelRatio } = this.size;
    const { place, view, points, frame, morph } = panel;
    const { x, y } = view.camera;
    const variant = { morphing: points.from !== undefined && morph !== 1, turned: points.dims === 3, look: kind };
    const program = this.programs.of(variant);
    const { at } = program;
    gl.useProgram(program.program);
    this.pointsOf(panel).bind(panel, variant, theme);

    // The whole canvas is the viewport, and the panel's part of it is cut out: points at its edge are cut, not missing.
    gl.viewport(0, 0, width, height);
    gl.enable(gl.SCISSOR_TEST);
    const [left, bottom] = [
      Math.round(place.x * pixelRatio),
      Math.round(height - (place.y + place.height) * pixelRatio),
    ];
    gl.scissor(left, bottom, Math.round(place.width * pixelRatio), Math.round(place.height * pixelRatio));

    const perUnit = pixelsPerUnit(view) * frame.radius * pixelRatio;
    const [scaleX, scaleY] = [(2 * perUnit) / width, (2 * perUnit) / height];
    const middleX = (2 * (place.x + place.width / 2) * pixelRatio) / width - 1;
    const middleY = 1 - (2 * (place.y + place.height / 2) * pixelRatio) / height;
    gl.uniform2f(at("u_scale"), scaleX, scaleY);
    gl.uniform2f(at("u_shift"), middleX - x * scaleX, middleY - y * scaleY);
    gl.uniformMatrix3fv(at("u_rotation"), true, rotation(view.camera));
    const units = ({ scale, offset }: Positions) =>
      [scale / frame.radius, (offset - frame.centre) / frame.radius] as const;
    gl.uniform2f(at("u_to"), ...units(points.to));
    if (points.from) gl.uniform2f(at("u_from"), ...units(points.from));
    gl.uniform1f(at("u_morph"), morph);

    gl.uniform1f(at("u_pixel"), pixelRatio);
    gl.uniform1f(at("u_size"), look.size * pixelRatio);
    gl.uniform1f(at("u_diamond"), look.diamond * pixelRatio);
    gl.uniform1f(at("u_opacity"), look.opacity);
    gl.uniform3f(at("u_ink"), ...channelsOf(theme.ink));
  }

  private createTarget(): Target {
    const { gl } = this;
    const [frame, texture] = [gl.createFramebuffer(), gl.createTexture()];
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    return { frame, texture };
  }

  private mark(): void {
    const { gl } = this;
    if (this.fence) gl.deleteSync(this.fence);
    this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
  }
}
