import type { SimulationReport, WorkloadReport } from './report.ts'
import type { Line } from './timeline.ts'

/** A report as people read it: a timeline, then a summary. */
export function renderReport(report: SimulationReport): string {
  const { problems, left } = report
  const notes = left.map(({ where, problem }) => `note: ${where}: ${problem}\n`).join('')
  if (problems.length > 0) return `${notes}${problems.map(({ where, problem }) => `${where}: ${problem}\n`).join('')}`
  return `${notes}${timelineText(report.timeline)}\n${summaryText(report)}`
}

function timelineText(lines: readonly Line[]): string {
  const shown = withoutRepeats(lines)
  const width = Math.min(40, Math.max(0, ...shown.map(({ subject }) => subject.length)))
  return shown.map(({ atMs, subject, text }) => `${timeOf(atMs)}  ${subject.padEnd(width)}  ${text}\n`).join('')
}

interface Shown extends Pick<Line, 'atMs' | 'subject' | 'text'> {}

/**
 * What comes again and again to one subject is shown twice between two faults, then counted: a pod that crashes for an hour, a CronJob's
 * every minute.
 */
function withoutRepeats(lines: readonly Line[]): readonly Shown[] {
  const shown: Shown[] = []
  let begin = 0
  for (let end = 0; end <= lines.length; end += 1) {
    if (end < lines.length && lines[end]!.what !== 'fault') continue
    shown.push(...segment(lines.slice(begin, end)))
    if (end < lines.length) shown.push(lines[end]!)
    begin = end + 1
  }
  return shown
}

function segment(lines: readonly Line[]): readonly Shown[] {
  const keyOf = ({ subject, what, details }: Line): string => `${subject}\n${what}${what === 'created' ? (details[0] ?? '') : ''}`
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1)
  const seen = new Map<string, number>()
  return lines.flatMap((line): readonly Shown[] => {
    const key = keyOf(line)
    const [total, at] = [counts.get(key)!, (seen.get(key) ?? 0) + 1]
    seen.set(key, at)
    if (total <= shownMost || at <= shownFirst) return [line]
    // The last one says where it came to.
    return at === total ? [{ ...line, text: `${line.text} (after ${total - shownFirst - 1} more like it)` }] : []
  })
}

const shownFirst = 2
const shownMost = 4

function summaryText(report: SimulationReport): string {
  const { seed, nodes, forMs, faults, workloads, limits, complaints } = report
  const head = `After ${durationText(forMs)} on ${nodes} node${nodes === 1 ? '' : 's'}${faults.length > 0 ? `, with ${faults.join(', ')}` : ''} (seed ${seed}):\n`
  const rows = workloads.map(
    (one) => [one.ok ? '✓' : '✗', `${one.kind.toLowerCase()} ${one.namespace}/${one.name}`, standingText(one)] as const,
  )
  const width = Math.max(0, ...rows.map(([, title]) => title.length))
  const table = workloads
    .map((one, index) => {
      const [mark, title, text] = rows[index]!
      return `  ${mark} ${title.padEnd(width)}  ${text}\n${one.because.map((why) => `      ${why}\n`).join('')}`
    })
    .join('')
  const met =
    limits.length > 0
      ? `\nLimits met with:\n${limits.map(({ text, count }) => `  ${text}${count > 1 ? ` (${count} times)` : ''}\n`).join('')}`
      : ''
  const odd = complaints.length > 0 ? `\nThe simulation itself met with:\n${complaints.map((text) => `  ${text}\n`).join('')}` : ''
  const wrong = workloads.filter(({ ok }) => !ok).length
  const nothing = workloads.length === 0 ? '  nothing here wishes for pods\n' : ''
  const end =
    wrong === 0 ? 'Everything is as wished.' : `${wrong} of ${workloads.length} ${workloads.length === 1 ? 'is' : 'are'} not as wished.`
  return `${head}${table}${nothing}${met}${odd}\n${end}\n`
}

function standingText({ wish, ready, ending, runs, readyAtMs, startMs, below, fewestReady, kind }: WorkloadReport): string {
  if (runs !== undefined) return `${runs.completed} runs completed, ${runs.failed} failed, ${runs.running} running`
  if (ending !== undefined) {
    const at = ending.endedAtMs === undefined ? '' : ` at ${timeOf(ending.endedAtMs).trim()}`
    return `${{ completed: 'completed', failed: 'failed', runs: 'still runs', suspended: 'suspended' }[ending.state]}${at}`
  }
  if (kind === 'PersistentVolumeClaim') return 'not bound'
  if (wish === 0) return 'wishes for none'
  const now = `${ready} of ${wish} ready`
  if (readyAtMs === undefined || startMs === undefined) return `${now}; never were all ready`
  const start = `all ready after ${durationText(startMs)}`
  if (below.count === 0) return `${now}; ${start}, and never fewer`
  const times = below.count === 1 ? 'once' : `${below.count} times, the longest ${durationText(below.longestMs)}`
  return `${now}; ${start}; then fewer for ${durationText(below.totalMs)} (${times}), never fewer than ${fewestReady}`
}

/** `0:10:41`, hours and all: a timeline is read down a column. */
export function timeOf(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${String(Math.floor(seconds / 3600)).padStart(2)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** `5m47s`, `1h`, `0.6s`: two units at most. */
export function durationText(ms: number): string {
  if (ms < 10_000) return `${Math.round(ms / 100) / 10}s`
  const seconds = Math.round(ms / 1000)
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (hours > 0) return minutes > 0 ? `${hours}h${minutes}m` : `${hours}h`
  if (minutes > 0) return rest > 0 ? `${minutes}m${rest}s` : `${minutes}m`
  return `${rest}s`
}
