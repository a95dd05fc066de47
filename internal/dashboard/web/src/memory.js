// Small things that outlive a reload. A browser that keeps nothing (private
// windows, storage switched off) loses no more than these.
const prefix = 'candlewright:';

export function recall(name, otherwise) {
  try {
    return localStorage.getItem(prefix + name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // It is a convenience.
  }
}
