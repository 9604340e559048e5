/* Time left until a deadline, in minutes and seconds. Without this module the page shows the deadline itself. */

const clock = document.querySelector("[data-countdown]");

function show() {
  const left = Math.floor((new Date(clock.dateTime) - Date.now()) / 1000);
  if (left <= 0) {
    clock.textContent = clock.dataset.over;
    return;
  }
  const pad = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(left / 3600);
  const rest = `${pad(Math.floor(left / 60) % 60)}:${pad(left % 60)}`;
  clock.textContent = hours ? `${hours}:${rest}` : rest;
  setTimeout(show, 1000);
}

if (clock) show();
