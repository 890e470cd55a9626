declare module "d3-scale-chromatic" {
  type Interpolate = (t: number) => string;
  export const interpolateViridis: Interpolate;
  export const interpolateCividis: Interpolate;
  export const interpolateMagma: Interpolate;
  export const interpolateTurbo: Interpolate;
  export const interpolateRdBu: Interpolate;
  export const interpolatePuOr: Interpolate;
}
