/** Programs, compiled when they are first needed. */
import { fragmentShader, type Variant, vertexShader } from "./shaders.ts";

type Program = { program: WebGLProgram; at: (uniform: string) => WebGLUniformLocation | null };

export class Programs {
  private readonly compiled = new Map<string, WebGLProgram>();
  private readonly checked = new Map<WebGLProgram, Program>();

  constructor(private readonly gl: WebGL2RenderingContext) {}

  /** Begin to compile, beside whatever else is to be done until the first points arrive. */
  prepare(variant: Variant): WebGLProgram {
    const key = `${variant.morphing} ${variant.turned} ${variant.look}`;
    const program = this.compiled.get(key) ?? this.compile(variant);
    this.compiled.set(key, program);
    return program;
  }

  of(variant: Variant): Program {
    const program = this.prepare(variant);
    const checked = this.checked.get(program) ?? this.check(program);
    this.checked.set(program, checked);
    return checked;
  }

  private compile(variant: Variant): WebGLProgram {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, vertexShader(variant)],
      [gl.FRAGMENT_SHADER, fragmentShader(variant)],
    ] as const) {
      const shader = gl.createShader(type);
      if (!shader) continue; // the context is lost
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      gl.deleteShader(shader);
    }
    gl.linkProgram(program);
    return program;
  }

  private check(program: WebGLProgram): Program {
    const { gl } = this;
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`points cannot be drawn: ${gl.getProgramInfoLog(program)}`);
    const places = new Map<string, WebGLUniformLocation | null>();
    const at = (uniform: string) => {
      if (!places.has(uniform)) places.set(uniform, gl.getUniformLocation(program, uniform));
      return places.get(uniform) ?? null;
    };
    return { program, at };
  }
}
