// Screen readers say that an answer has been opened, and not what it says. This tells them the verdict.
for (const question of document.querySelectorAll(".book-question")) {
  const spoken = document.createElement("p");
  spoken.className = "book-spoken";
  spoken.setAttribute("role", "status");
  question.append(spoken);
  const say = ({ target: answer }) => {
    spoken.textContent = answer.open ? answer.querySelector(".book-verdict").textContent : "";
  };
  question.addEventListener("toggle", say, { capture: true }); // it does not bubble
}

// MathJax makes each formula a stop of the Tab key; within an answer, which is one itself, it would be in the way.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll(".book-answer > summary mjx-container")) {
    formula.removeAttribute("tabindex");
  }
});
