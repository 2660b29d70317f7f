// The page's token against forged requests, which the server wrote into its head.

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}
