/** How many of a set are available, which the operator's sentences on sets begin with. */
const counts = /^(\d+ of \d+ are available(?:, [^.]*)?)\. (.+)$/s;

/** The task of a set that is not ready: its name and agent, the reason of its condition Ready, and what that says. */
const blame = /^(?:(.*?)\. )?(\S+-[0-9a-f]{10}-\S+(?: on \S+)?) is ([A-Z]\w+)(?:: ?(.*))?$/s;

/** What the operator says before the cause, and how the cause comes first instead. */
const forms: Array<[RegExp, string]> = [
  [counts, '$2. $1'],
  // When it is, the object's page counts down to.
  [/^Launching again at \S+ after (.+)$/s, '$1'],
  [/^(Restarted \d+ times, .*? spec\.maxRestarts allows); last: (.+)$/s, '$2. $1'],
  [/^(The task did not fail by itself, .*? is Never): (.+)$/s, '$2. $1'],
];

/** A sentence of the operator with the cause first; a set's is the reason and the end of the task that it waits for. */
export function causeFirst(sentence: string): string {
  const [, before, task, reason, told] = blame.exec(sentence) ?? [];
  if (task) {
    const [first, ...others] = told ? causeFirst(told).split(/\. (?=[A-Z0-9])/) : [];
    const cause = first ? `${reason}: ${first}` : reason;
    return [`${cause} (${task})`, ...others, ...(before ? [before] : [])].join('. ');
  }
  const [form, order] = forms.find(([one]) => one.test(sentence)) ?? [];
  return form ? sentence.replace(form, order!) : sentence;
}
