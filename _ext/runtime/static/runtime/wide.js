// "On this page" steps aside while a wide widget is on the screen: the theme folds it into its title.
{
  const contents = document.querySelector(".bd-sidebar-secondary");
  const onScreen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) onScreen[isIntersecting ? "add" : "delete"](target);
    contents?.classList.toggle("hide", onScreen.size > 0);
  });
  document.querySelectorAll(".cell.tag_wide").forEach((cell) => observer.observe(cell));
}
