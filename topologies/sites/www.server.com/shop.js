// A word of welcome that fits the hour, and a list of books that fits the question in the address.
const greeting = document.getElementById('greeting');
if (greeting) {
  const hour = new Date().getHours();
  const part = hour < 6 ? 'night' : hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening';
  greeting.textContent = `Good ${part}, and welcome.`;
}

const list = document.getElementById('books');
if (list) {
  const wanted = new URLSearchParams(location.search);
  for (const row of list.querySelectorAll('tr[data-for]')) {
    const audience = wanted.get('name');
    row.hidden = audience !== null && !row.dataset.for.split(' ').includes(audience.toLowerCase());
  }
  const question = document.getElementById('question');
  if (question && wanted.size > 0) {
    question.textContent = `You asked for: ${[...wanted].map(([name, value]) => `${name} = ${value}`).join(', ')}`;
  }
}
