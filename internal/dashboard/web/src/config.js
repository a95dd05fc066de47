// What the program wrote into the page: see page.html.
export const config = JSON.parse(document.getElementById('config').textContent);
