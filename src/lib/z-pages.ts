import { WherryError } from './errors.ts'
import { rfc3339 } from './rfc3339.ts'

/** What `/statusz` and `/flagz` of one component tell. */
export interface ZPageFacts {
  /** `apiserver`, `kubelet`: the name that the reference's component has. */
  readonly component: string
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  readonly nowMs: number
  readonly version: {
    /** `go1.26`: of the reference's build, for tools that read it. */
    readonly goVersion: string
    /** `v1.36.3+ours`; what stands behind the plus is not shown. */
    readonly gitVersion: string
    /** `1.36` */
    readonly emulationVersion: string
  }
  readonly flags: Readonly<Record<string, string>>
  readonly paths: readonly string[]
}

/** How structure becomes text, with the keys of objects in order. */
export interface ZPageWriter {
  json(value: object): string
  yaml(value: object): string
}

export interface ZPage {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * `/statusz` and `/flagz` (KEPs 4827, 4828), which every component has: text for people, JSON or YAML where the Accept header names the type and
 * its version. Errors: `NotAcceptable` for anything else.
 */
export function zPage(path: '/statusz' | '/flagz', accept: string, facts: ZPageFacts, writer: ZPageWriter): ZPage {
  const kind = path === '/statusz' ? 'Statusz' : 'Flagz'
  const form = formOf(accept, kind)
  if (form === undefined)
    throw new WherryError('NotAcceptable', 'only the following media types are accepted: application/json, application/yaml, text/plain')
  if (form === 'text') {
    const lines = path === '/statusz' ? statusLines(facts) : flagLines(facts)
    const body = `\n${facts.component} ${kind.toLowerCase()}\n${warning}\n${lines}`
    return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
  }
  const head = { kind, apiVersion: `config.k8s.io/${form.version}`, metadata: { name: facts.component } }
  const value = { ...head, ...(path === '/statusz' ? statusOf(facts) : { flags: sorted(facts.flags) }) }
  const contentType = `application/${form.encoding};g=config.k8s.io;v=${form.version};as=${kind}`
  const old = `299 - "This version of the ${kind.toLowerCase()} endpoint is deprecated. Please use a newer version."`
  return {
    headers: { 'content-type': contentType, ...(form.version === 'v1alpha1' && { warning: old }) },
    body: writer[form.encoding](value),
  }
}

const warning =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'

interface Structured {
  readonly encoding: 'json' | 'yaml'
  readonly version: string
}

function formOf(accept: string, kind: string): 'text' | Structured | undefined {
  if (accept.trim() === '') return 'text'
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (type === '*/*' || type === 'text/plain' || type === 'text/*') return 'text'
    const encoding = type === 'application/json' ? 'json' : type === 'application/yaml' ? 'yaml' : undefined
    if (encoding === undefined) continue
    const { as, g, v } = Object.fromEntries(parameters.map((part) => part.split('='))) as Readonly<Record<string, string>>
    if (as === kind && g === 'config.k8s.io' && (v === 'v1alpha1' || v === 'v1beta1')) return { encoding, version: v }
  }
  return undefined
}

function statusOf({ startedMs, nowMs, version: { goVersion, gitVersion, emulationVersion }, paths }: ZPageFacts) {
  return {
    startTime: rfc3339(startedMs),
    uptimeSeconds: Math.floor((nowMs - startedMs) / 1000),
    goVersion,
    binaryVersion: gitVersion.replace(/^v/, '').replace(/\+.*$/, ''),
    emulationVersion,
    paths: [...paths].toSorted(),
  }
}

function statusLines(facts: ZPageFacts): string {
  const { uptimeSeconds, goVersion, binaryVersion, emulationVersion, paths } = statusOf(facts)
  const [weekday, day, month, year, time] = new Date(facts.startedMs).toUTCString().split(/,? /)
  const up = `${Math.floor(uptimeSeconds / 3600)} hr ${String(Math.floor(uptimeSeconds / 60) % 60).padStart(2, '0')} min ${String(uptimeSeconds % 60).padStart(2, '0')} sec`
  return [
    '',
    `Started: ${weekday} ${month} ${day?.replace(/^0/, ' ')} ${time} UTC ${year}`,
    `Up: ${up}`,
    `Go version: ${goVersion}`,
    `Binary version: ${binaryVersion}`,
    `Emulation version: ${emulationVersion}`,
    `Paths: ${paths.join(' ')}`,
  ].join('\n')
}

const flagLines = ({ flags }: ZPageFacts): string =>
  Object.entries(sorted(flags))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('')

const sorted = (flags: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(flags).toSorted(([a], [b]) => (a < b ? -1 : 1)))
