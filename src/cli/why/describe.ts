import type { Explanation, Reason, Step } from './explanation.ts'
import type { NodeScore } from './node-answers.ts'
import type { Ref } from './view.ts'
import { keyOf } from './view.ts'

/** The explanation in words. `now` decides which times need a date. */
export function describe({ object, state, isWell, steps, reasons, scores, notes }: Explanation, now: number): string {
  const place = object.namespace === '' ? '' : ` in ${object.namespace}`
  const revision = object.revision === undefined ? '' : ` [${object.revision}]`
  const today = new Date(now).toISOString().slice(0, 10)
  const blocks = [
    [`${object.kind} ${object.name}${place}${revision}: ${state}`],
    [
      'How it came to be (UTC, revisions in brackets)',
      ...indented(steps.length > 0 ? steps.map((step) => line(step, object, today)) : ['nobody knows']),
    ],
    isWell
      ? ['It is as wished.']
      : reasons.length > 0
        ? [object.revision === undefined ? 'Why it is not there' : 'Why it is not as wished', ...reasons.flatMap(paragraph)]
        : [],
    scores === undefined ? [] : ['Scores as the scheduler would give them now', ...indented(scoreLines(scores))],
    notes.length > 0 ? ['Note', ...indented(notes)] : [],
  ]
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`
}

const indented = (lines: readonly string[]): string[] => lines.map((text) => `  ${text}`)

function line(step: Step, target: Ref, today: string): string {
  const { time, who, program, did, object, revision, fields, times, lastRevision, lastTime, because, onto, source } = step
  const isTarget = keyOf(object) === keyOf(target)
  const writer =
    who === '' ? (program === undefined ? 'somebody' : `somebody with ${program}`) : program === undefined ? who : `${who} with ${program}`
  const numbers = revision === undefined ? '' : ` [${revision}${lastRevision === undefined ? '' : `–${lastRevision}`}]`
  const where = onto === undefined ? '' : ` on ${onto}`
  const often = times === undefined ? '' : `, ${times} times${lastTime === time ? '' : ` until ${shortTime(lastTime!, today)}`}`
  const what = fields === undefined || fields.length === 0 ? '' : `: ${fields.join(', ')}`
  // Its own earlier state is no news.
  const cause =
    because === undefined || keyOf(because) === keyOf(object)
      ? ''
      : `, because of ${keyOf(because) === keyOf(target) ? 'it' : `${because.kind} ${because.name}`} [${because.revision}]`
  const seen = source === 'object' ? ' (as its own fields tell)' : ''
  return `${shortTime(time, today)}  ${writer} ${did} ${isTarget ? 'it' : `${object.kind} ${object.name}`}${where}${numbers}${often}${what}${cause}${seen}`
}

/** `12:30:05`, with the date where it is not today's. */
function shortTime(time: string, today: string): string {
  if (time === '') return 'some time'
  const clock = time.slice(11, 19)
  return time.startsWith(today) ? clock : `${time.slice(0, 10)} ${clock}`
}

function scoreLines(scores: readonly NodeScore[]): readonly string[] {
  if (scores.length === 0) return ['no node could take it']
  return scores
    .slice(0, nodesMax)
    .map(({ node, total, byPlugin }) => {
      const parts = Object.entries(byPlugin).filter(([, score]) => score !== 0)
      return `${node}: ${total}${parts.length === 0 ? '' : ` = ${parts.map(([plugin, score]) => `${plugin} ${score}`).join(' + ')}`}`
    })
    .concat(more(scores.length))
}

/** Nobody reads more; `--json` has all of them. */
const nodesMax = 20

const more = (count: number): string[] => (count > nodesMax ? [`and ${count - nodesMax} more nodes (--json has all)`] : [])

function paragraph({ about, message, details = [], nodes = [], advice }: Reason): string[] {
  const lines = details.flatMap((detail) => detail.split('\n')).filter((text) => text.trim() !== '')
  const answers = nodes.slice(0, nodesMax).map(({ node, plugin, message: said }) => `${node}: ${plugin === '' ? '' : `${plugin}: `}${said}`)
  const all = [...lines, ...answers, ...more(nodes.length)]
  return [`  ${about}: ${message}`, ...all.map((text) => `    ${text}`), ...(advice === undefined ? [] : [`    What helps: ${advice}.`])]
}
