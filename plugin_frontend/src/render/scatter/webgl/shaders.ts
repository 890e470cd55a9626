/** The program that draws points; what it does not need for a set of points is left out of it. */
import { HIDDEN, HOVERED, NEIGHBOUR, OUTLINED, SELECTED } from "../types.ts";

/** Where the attributes are. */
export const TO = 0;
export const FROM = 1;
export const COLOUR = 2;
export const STATE = 3;

/** Pixels of the palette in a row of its texture. */
export const PALETTE_WIDTH = 256;

export type Variant = {
  morphing: boolean;
  colour: "code" | "value" | "none";
  /** The points on top of the picture rather than those in it. */
  onTop: boolean;
};

export function vertexShader({ morphing, colour, onTop }: Variant): string {
  return `#version 300 es
precision highp float;
precision highp int;

layout(location = ${TO}) in vec3 a_to;
layout(location = ${STATE}) in uint a_state;
${morphing ? `layout(location = ${FROM}) in vec3 a_from;` : ""}
${colour === "code" ? `layout(location = ${COLOUR}) in uint a_code;` : ""}
${colour === "value" ? `layout(location = ${COLOUR}) in float a_value;` : ""}

uniform vec2 u_to;        // frame units = x * stored + y
uniform vec2 u_from;
uniform float u_morph;
uniform mat3 u_rotation;  // of frame units: right, up, towards the eye
uniform vec2 u_scale;     // clip = scale * rotated + shift
uniform vec2 u_shift;
uniform float u_pixel;    // device pixels per CSS pixel
uniform float u_size;     // diameter in device pixels
uniform float u_diamond;
uniform float u_opacity;
uniform float u_dimmed;
uniform vec3 u_missing;
uniform highp sampler2D u_palette;
uniform int u_colours;
uniform vec2 u_ramp;      // share = (value - x) * y

flat out vec4 v_colour;
flat out vec4 v_shape;    // radius, width of the outline, extent of the square around it, whether it is a diamond

vec3 colour() {
${
  colour === "code"
    ? `  int index = int(a_code);
  if (index >= u_colours) return u_missing;
  return texelFetch(u_palette, ivec2(index % ${PALETTE_WIDTH}, index / ${PALETTE_WIDTH}), 0).rgb;`
    : ""
}${
  colour === "value"
    ? `  if (isnan(a_value)) return u_missing;
  int index = int(clamp((a_value - u_ramp.x) * u_ramp.y, 0.0, 1.0) * float(u_colours - 1) + 0.5);
  return texelFetch(u_palette, ivec2(index % ${PALETTE_WIDTH}, index / ${PALETTE_WIDTH}), 0).rgb;`
    : ""
}${colour === "none" ? "  return u_missing;" : ""}
}

void main() {
  if ((a_state & ${HIDDEN}u) != 0u) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 1.0;
    return;
  }
  vec3 place = a_to * u_to.x + u_to.y;
  ${morphing ? "place = mix(a_from * u_from.x + u_from.y, place, u_morph);" : ""}
  place = u_rotation * place;
  gl_Position = vec4(place.xy * u_scale + u_shift, 0.0, 1.0);

  float size = u_size * (1.0 + 0.2 * place.z);
  float opacity = u_opacity;
  float outline = 0.0;
  bool diamond = (a_state & ${OUTLINED}u) != 0u;
  ${
    onTop
      ? `bool hovered = (a_state & ${HOVERED}u) != 0u;
  if (diamond) size = max(size, u_diamond);
  if (hovered) size = max(size + 3.0 * u_pixel, 11.0 * u_pixel);
  else if ((a_state & ${NEIGHBOUR}u) != 0u) size = max(size + u_pixel, 8.0 * u_pixel);
  if (size >= 4.5 * u_pixel) outline = (hovered ? 2.0 : (a_state & ${SELECTED}u) != 0u ? 1.25 : 1.0) * u_pixel;
  if (outline > 0.0) opacity = 1.0;`
      : `if (diamond) {
    size = max(size, u_diamond);
    opacity = mix(opacity, 1.0, 0.5);
    if (size >= 4.5 * u_pixel) outline = u_pixel;
  }
  opacity *= u_dimmed;`
  }

  // Smaller than a pixel and a half, a point is a pixel, the paler the smaller it is: soft edges would cost nine.
  bool dust = size < 1.5;
  if (dust) opacity *= min(1.0, size * size);
  float extent = dust ? 1.0 : (diamond ? 1.4142 : 1.0) * size + 1.0;
  gl_PointSize = extent;
  v_colour = vec4(colour(), opacity);
  v_shape = vec4(dust ? 2.0 : 0.5 * size, outline, extent, diamond ? 1.0 : 0.0);
}`;
}

export const FRAGMENT_SHADER = `#version 300 es
precision mediump float;
flat in highp vec4 v_colour;
flat in highp vec4 v_shape;
uniform vec3 u_ink;
out vec4 colour;

void main() {
  vec2 p = (gl_PointCoord - 0.5) * v_shape.z;
  float distance = v_shape.w > 0.5 ? (abs(p.x) + abs(p.y)) * 0.7071 : length(p);
  float inside = v_shape.x - distance;
  float cover = clamp(inside + 0.5, 0.0, 1.0) * v_colour.a;
  float ink = v_shape.y > 0.0 ? clamp(v_shape.y + 0.5 - inside, 0.0, 1.0) : 0.0;
  colour = vec4(mix(v_colour.rgb, u_ink, ink) * cover, cover);
}`;
