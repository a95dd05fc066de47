// Stands in for react-style-singleton, with which dialogs write a style into the
// page that keeps it from scrolling. This page does not scroll, and its
// Content-Security-Policy allows no such style.
export const styleSingleton = () => () => null;
