// In the page that is measured: it takes the times itself, so that what it takes to ask it is not in them.
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

globalThis.bench = {
  /** From the click on the line with these words until the text of that entry is drawn. */
  async tail(words, seq) {
    const lines = [...document.querySelectorAll('.session-line > a')];
    const began = performance.now();
    lines.find((line) => line.textContent.includes(words)).click();
    for (;;) {
      await frame();
      const shown = document.querySelector(`[role=log] [data-seq="${seq}"]`);
      if (shown?.textContent.includes('which test') && shown.getBoundingClientRect().bottom > 0)
        return performance.now() - began;
    }
  },

  /** Milliseconds from frame to frame while the list is scrolled by so much in each. */
  async scroll(selector, steps, share) {
    const list = document.querySelector(selector);
    const times = [];
    for (let [step, last] = [0, await frame()]; step < steps; step += 1) {
      list.scrollBy(0, list.clientHeight * share);
      const now = await frame();
      times.push(now - last);
      last = now;
    }
    return times;
  },
};
