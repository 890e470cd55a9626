/** The least that a picture of points costs: one call that draws pixels of one colour a class, and nothing else. */
const VERTEX = `#version 300 es
layout(location = 0) in vec2 a_position;
layout(location = 1) in uint a_code;
uniform vec3 u_camera;
flat out vec4 v_colour;
void main() {
  gl_Position = vec4((a_position / 32767.5 - 1.0 - u_camera.xy) * u_camera.z * vec2(0.7, 1.0), 0.0, 1.0);
  gl_PointSize = 1.0;
  uint code = a_code * 2654435769u;
  v_colour = vec4(float(code >> 24) / 255.0, float(code >> 16 & 255u) / 255.0, float(code >> 8 & 255u) / 255.0, 1.0) * 0.6;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
flat in highp vec4 v_colour;
out vec4 colour;
void main() {
  colour = v_colour;
}`;

/** Returns what draws all points with the camera at x, y, enlarged. */
export function createFloor(canvas: HTMLCanvasElement, positions: Uint16Array, codes: Uint8Array) {
  const gl = canvas.getContext("webgl2", { antialias: false, depth: false });
  if (!gl) throw new Error("WebGL2 is missing");
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) continue;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  for (const [place, data] of [positions, codes].entries()) {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    if (place === 0) gl.vertexAttribPointer(place, 2, gl.UNSIGNED_SHORT, false, 0, 0);
    else gl.vertexAttribIPointer(place, 1, gl.UNSIGNED_BYTE, 0, 0);
  }
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return (x: number, y: number, zoom: number) => {
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform3f(gl.getUniformLocation(program, "u_camera"), x, y, zoom);
    gl.drawArrays(gl.POINTS, 0, codes.length);
  };
}
