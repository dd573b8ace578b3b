import type { ServerResponse } from 'node:http'
import type { Instant } from '#lib/clock.ts'
import { kubernetesVersion } from '#lib/version.ts'
import { type ZPageWriter, zPage } from '#lib/z-pages.ts'
import { formatYaml } from '#schema/yaml-writer.ts'

/** What the server adds to a call of `/statusz` or `/flagz`. */
export interface ZPageCall {
  readonly response: ServerResponse
  readonly accept: string
  readonly startedMs: Instant
  readonly nowMs: Instant
  /** What the agent was told when it was started, by the names of the reference's flags. */
  readonly flags: Readonly<Record<string, string>>
}

/** GET /statusz, GET /flagz. */
export function serveZPage(path: '/statusz' | '/flagz', { response, accept, ...rest }: ZPageCall): void {
  const [, emulationVersion = ''] = /^v(\d+\.\d+)/.exec(kubernetesVersion) ?? []
  const version = { goVersion: 'go1.26', gitVersion: kubernetesVersion, emulationVersion }
  const { headers, body } = zPage(path, accept, { ...rest, component: 'kubelet', version, paths: listedPaths }, writer)
  response.writeHead(200, headers).end(body)
}

/** Those that the reference lists: what is served by a handler of its own. */
const listedPaths = [
  '/configz',
  '/flagz',
  '/healthz',
  '/healthz/log',
  '/healthz/ping',
  '/healthz/syncloop',
  '/metrics',
  '/metrics/cadvisor',
  '/metrics/probes',
  '/metrics/resource',
]

const writer: ZPageWriter = { json: (value) => JSON.stringify(value), yaml: formatYaml }
