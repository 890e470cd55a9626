/** Sent to a canvas before it is copied: what WebGL painted is gone once it was shown, and has to be painted again now. */
export const BEFORE_COPY = "beforecopy";
