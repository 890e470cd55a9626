/** The page's icons: outlines on a grid of 24, in the colour of the text around them. */
const SHAPES = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  first: "M6 5h2v14H6zM19 5v14l-9-7z",
  last: "M16 5h2v14h-2zM5 5v14l9-7z",
  reload: "M17.65 6.35A8 8 0 1 0 19.73 14h-2.08a6 6 0 1 1-1.41-6.24L13 11h7V4z",
  tune: "M3 6h10v2H3zM17 6h4v2h-4zM13 4h2v6h-2zM3 16h4v2H3zM11 16h10v2H11zM7 14h2v6H7z",
  close: "M18.3 7.1 16.9 5.7 12 10.6 7.1 5.7 5.7 7.1l4.9 4.9-4.9 4.9 1.4 1.4 4.9-4.9 4.9 4.9 1.4-1.4-4.9-4.9z",
  left: "M15.4 7.4 14 6l-6 6 6 6 1.4-1.4L10.8 12z",
  right: "M8.6 16.6 10 18l6-6-6-6-1.4 1.4 4.6 4.6z",
  menu: "M3 6h18v2H3zM3 11h18v2H3zM3 16h18v2H3z",
  eye: "M12 5C7 5 3 9 1.5 12 3 15 7 19 12 19s9-4 10.5-7C21 9 17 5 12 5zm0 11a4 4 0 1 1 0-8 4 4 0 0 1 0 8zm0-6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  help: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm1 16h-2v-2h2zm0-3.5h-2c0-3 3-3 3-5a2 2 0 1 0-4 0H8a4 4 0 1 1 8 0c0 2.500-3 2.800-3 5z",
  warning: "M12 3 1.500 21h21zM13 18h-2v-2h2zm0-4h-2v-4h2z",
  check: "M9 16.200 4.800 12l-1.400 1.400L9 19 20.600 7.400 19.200 6z",
  turn: "M5 20v-8a5 5 0 0 1 5-5h6.200l-2.600-2.600L15 3l5 5-5 5-1.400-1.400L16.200 9H10a3 3 0 0 0-3 3v8z",
  pin: "M16 9V4h1V2H7v2h1v5l-2 3v2h5v7l1 1 1-1v-7h5v-2z",
  search:
    "M15.500 14h-.8l-.3-.3a6.500 6.500 0 1 0-.7.7l.3.3v.8l5 5 1.500-1.500zm-6 0a4.500 4.500 0 1 1 0-9 4.500 4.500 0 0 1 0 9z",
};

export function Icon({ name }: { name: keyof typeof SHAPES }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
