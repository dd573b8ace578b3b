import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { formatYaml } from '#schema/yaml-writer.ts'
import { prettyText } from '../http/pretty.ts'
import { sortKeys } from '../http/sort-keys.ts'
import { type VersionFacts, versionOf } from '../http/version.ts'

/** What `/statusz` and `/flagz` tell. */
export interface ZPageFacts {
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  readonly nowMs: number
  readonly version: VersionFacts
  readonly flags: Readonly<Record<string, string>>
  readonly paths: readonly string[]
}

/**
 * `/statusz` and `/flagz` (KEPs 4827, 4828): text for people, JSON or YAML where the Accept header names the type and its version.
 * Errors: `NotAcceptable` for anything else.
 */
export function zPage(path: '/statusz' | '/flagz', request: HttpRequest, facts: ZPageFacts): HttpResponse {
  const kind = path === '/statusz' ? 'Statusz' : 'Flagz'
  const form = formOf(request.headers['accept'] ?? '', kind)
  if (form === undefined)
    throw new WherryError('NotAcceptable', 'only the following media types are accepted: application/json, application/yaml, text/plain')
  if (form === 'text') {
    const lines = path === '/statusz' ? statusLines(facts) : flagLines(facts)
    return page(`\napiserver ${kind.toLowerCase()}\n${warning}\n${lines}`, 'text/plain; charset=utf-8')
  }
  const head = { kind, apiVersion: `config.k8s.io/${form.version}`, metadata: { name: 'apiserver' } }
  const body = { ...head, ...(path === '/statusz' ? statusOf(facts) : { flags: sorted(facts.flags) }) }
  const parameters = `;g=config.k8s.io;v=${form.version};as=${kind}`
  return form.encoding === 'yaml'
    ? page(formatYaml(sortKeys(body)), `application/yaml${parameters}`)
    : page(prettyText(body), `application/json${parameters}`)
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

function statusOf({ startedMs, nowMs, version, paths }: ZPageFacts) {
  const { goVersion, gitVersion, emulationMajor, emulationMinor } = versionOf(version) as Readonly<Record<string, string>>
  return {
    startTime: rfc3339(startedMs),
    uptimeSeconds: Math.floor((nowMs - startedMs) / 1000),
    goVersion,
    binaryVersion: gitVersion?.replace(/^v/, '').replace(/\+.*$/, ''),
    emulationVersion: `${emulationMajor}.${emulationMinor}`,
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

const page = (body: string, type: string): HttpResponse => ({
  status: 200,
  headers: { 'cache-control': 'no-cache, private', 'content-type': type },
  body: Buffer.from(body),
})
