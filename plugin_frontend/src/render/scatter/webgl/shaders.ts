/** The program that draws points; what it does not need for a set of points is left out of it. */
import { HIDDEN, HOVERED, NEIGHBOUR, OUTLINED } from "../types.ts";

/** Where the attributes are. */
export const TO = 0;
export const FROM = 1;
export const POINT = 2;

/** In CSS pixels: smaller points have no outlines, or there would be little else to see. */
const LEAST_OUTLINED = "5.0";

export type Variant = {
  morphing: boolean;
  /** In three dimensions. */
  turned: boolean;
  /**
   * `dust`: points that are all smaller than a pixel and a half are pixels, the paler the smaller: soft edges would cost
   * nine. `onTop`: those that are drawn on top of the picture.
   */
  look: "disc" | "dust" | "onTop";
};

export function vertexShader({ morphing, turned, look }: Variant): string {
  return `#version 300 es
precision highp float;
precision highp int;

layout(location = ${TO}) in vec3 a_to;
${morphing ? `layout(location = ${FROM}) in vec3 a_from;` : ""}
layout(location = ${POINT}) in uint a_point;  // red, green, blue, state

uniform vec2 u_to;        // frame units = x * stored + y
uniform vec2 u_from;
uniform float u_morph;
uniform mat3 u_rotation;  // of frame units: right, up, towards the eye
uniform vec2 u_scale;     // clip = scale * rotated + shift
uniform vec2 u_shift;
uniform float u_pixel;    // device pixels per CSS pixel
uniform float u_size;     // diameters in device pixels
uniform float u_diamond;
uniform float u_opacity;

flat out vec4 v_colour;
${look === "dust" ? "" : "flat out vec4 v_shape;  // radius, outline, extent of the square around it, whether it is a diamond"}

vec3 colour() {
  return vec3(a_point & 255u, (a_point >> 8) & 255u, (a_point >> 16) & 255u) / 255.0;
}

void main() {
  uint state = a_point >> 24;
  if ((state & ${HIDDEN}u) != 0u) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 1.0;
    return;
  }
  vec3 place = a_to * u_to.x + u_to.y;
  ${morphing ? "place = mix(a_from * u_from.x + u_from.y, place, u_morph);" : ""}
  ${turned ? "place = u_rotation * place;" : "place.z = 0.0;"}
  gl_Position = vec4(place.xy * u_scale + u_shift, 0.0, 1.0);
  float size = u_size * (1.0 + 0.2 * place.z);
  float opacity = u_opacity;
${look === "dust" ? DUST : discs(look === "onTop")}
}`;
}

const DUST = `
  gl_PointSize = 1.0;
  opacity *= min(1.0, size * size);
  v_colour = vec4(colour() * opacity, opacity);`;

function discs(onTop: boolean): string {
  return `
  float outline = 0.0;
  bool diamond = (state & ${OUTLINED}u) != 0u;
  if (diamond) size = max(size, u_diamond);
  ${
    onTop
      ? `bool hovered = (state & ${HOVERED}u) != 0u;
  bool neighbour = (state & ${NEIGHBOUR}u) != 0u;
  if (hovered) size = max(size, 8.0 * u_pixel);
  else if (neighbour) size = max(size, 6.0 * u_pixel);
  if (hovered || neighbour || size >= ${LEAST_OUTLINED} * u_pixel) {
    outline = (hovered ? 2.0 : 1.0) * u_pixel;
    opacity = 1.0;
  }`
      : `if (diamond) {
    opacity = min(1.0, 1.6 * opacity);
    if (size >= ${LEAST_OUTLINED} * u_pixel) outline = u_pixel;
  }`
  }
  size += 2.0 * outline;
  bool small = size < 1.5;
  if (small) opacity *= min(1.0, size * size);
  float extent = small ? 1.0 : (diamond ? 1.4142 : 1.0) * size + 1.0;
  gl_PointSize = extent;
  v_colour = vec4(colour(), opacity);
  v_shape = vec4(small ? 2.0 : 0.5 * size, outline, extent, diamond ? 1.0 : 0.0);`;
}

export function fragmentShader({ look }: Variant): string {
  return `#version 300 es
precision mediump float;
flat in highp vec4 v_colour;
${look === "dust" ? "" : "flat in highp vec4 v_shape;\nuniform vec3 u_ink;"}
out vec4 colour;

void main() {
${
  look === "dust"
    ? "  colour = v_colour;"
    : `  vec2 p = (gl_PointCoord - 0.5) * v_shape.z;
  float distance = v_shape.w > 0.5 ? (abs(p.x) + abs(p.y)) * 0.7071 : length(p);
  float inside = v_shape.x - distance;
  float cover = clamp(inside + 0.5, 0.0, 1.0) * v_colour.a;
  float ink = v_shape.y > 0.0 ? clamp(v_shape.y + 0.5 - inside, 0.0, 1.0) : 0.0;
  colour = vec4(mix(v_colour.rgb, u_ink, ink) * cover, cover);`
}
}`;
}
