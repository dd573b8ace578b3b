import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '#host/clock.ts'
import { createHaproxyHost, haproxySettings, stopHaproxy } from '#host/haproxy.ts'
import { askHaproxy } from '#host/haproxy-socket.ts'
import { run } from '#host/run.ts'
import { silentLog } from '#lib/log.ts'
import { createProxy } from '#router/haproxy/proxy.ts'
import type { RouterModel } from '#router/model/router-model.ts'
import type { Figure, MeasureOptions, Row } from '../figure.ts'
import { freePorts } from '../support/free-port.ts'
import { memoryOf } from '../support/usage.ts'

const hostCounts = [1, 5_000]
const connections = 32

/** What requests cost through the router's configuration, beside a HAProxy that does nothing but pass them on; and what many hosts cost. */
export const router: Figure = {
  name: 'router',
  part: 'cluster',
  about: 'requests through the router, with 1 and 5,000 hosts, beside HAProxy alone and the backend alone; start, changes and memory',
  async measure(options) {
    const folder = mkdtempSync(join(tmpdir(), 'wherry-bench-router-'))
    const ended: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })]
    try {
      const backend = await startNginx(folder, ended)
      const rows = [await load('router: the backend alone (nginx)', backend, 'h0.example', options)]
      rows.push(await alone(folder, backend, options))
      for (const hosts of hostCounts) rows.push(...(await through(folder, backend, hosts, options)))
      // Once more, since the machine is never quite the same.
      rows.push(await alone(folder, backend, options, ' (again)'))
      return rows
    } finally {
      for (const end of ended.reverse()) await end()
    }
  },
}

async function startNginx(folder: string, ended: (() => void)[]): Promise<number> {
  const port = await freePorts()
  writeFileSync(
    join(folder, 'nginx.conf'),
    `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:${port}; location / { return 200 "hello from the backend"; } } }
`,
  )
  const child = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  ended.push(() => end(child))
  await delay(300)
  return port
}

/** The least that passes requests on: the same threads and timeouts, no look-ups, no headers, no log. */
async function alone(folder: string, backend: number, options: MeasureOptions, again = ''): Promise<Row> {
  const port = await freePorts()
  const file = join(folder, 'alone.cfg')
  writeFileSync(
    file,
    `global
  maxconn 10000
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend out
backend out
  server one 127.0.0.1:${backend}
`,
  )
  const child = spawn('haproxy', ['-W', '-f', file], { stdio: 'ignore' })
  await delay(500)
  try {
    return await load(`router: HAProxy alone${again}`, port, 'h0.example', options)
  } finally {
    await end(child)
  }
}

async function through(folder: string, backend: number, hosts: number, options: MeasureOptions): Promise<Row[]> {
  const places = {
    directory: join(folder, `configuration-${hosts}`),
    runDirectory: join(folder, `run-${hosts}`),
    pidFile: join(folder, `run-${hosts}`, 'pid'),
    accessLog: join(folder, 'access.log'),
    programLog: join(folder, 'haproxy.log'),
  }
  const port = await freePorts()
  const host = createHaproxyHost({ ...places, clock: systemClock, log: silentLog })
  const proxy = createProxy({ host, settings: haproxySettings(places, ['127.0.0.1']), clock: systemClock, log: silentLog, reloadGapMs: 0 })
  const timed = async (model: RouterModel): Promise<number> => {
    const from = performance.now()
    proxy.want(model)
    await proxy.settled()
    return performance.now() - from
  }
  const title = `router: ${hosts.toLocaleString('en-US')} ${hosts === 1 ? 'host' : 'hosts'}`
  try {
    // As translations give it: what did not change is the same value.
    const model = modelOf(hosts, port, backend)
    const startMs = await timed(model)
    const endpointMs = await timed(withEndpoint(model, backend + 1))
    const backMs = await timed(model)
    const { reloads } = proxy.counters
    const reloadMs = await timed(modelOf(hosts + 1, port, backend))
    const pid = Number(/^Pid: (\d+)$/m.exec(await askHaproxy(join(places.runDirectory, 'admin.sock'), 'show info'))![1])
    const { residentMb } = memoryOf(pid)
    options.terminal(
      `  ${title}: start ${startMs.toFixed(0)} ms, endpoint ${endpointMs.toFixed(0)} ms, reload ${reloadMs.toFixed(0)} ms, ${residentMb} MB`,
    )
    if (reloads !== 0) throw new Error('an endpoint cost a reload')
    return [
      await load(`${title}, requests`, port, `h${hosts - 1}.example`, options),
      {
        figure: `${title}, start`,
        value: startMs,
        unit: 'ms',
        better: 'less',
        beside: { endpointMs, endpointGoneMs: backMs, reloadMs, residentMb },
      },
    ]
  } finally {
    await proxy.close()
    await host.close()
    await stopHaproxy(places)
  }
}

/** The first Service has one endpoint more. */
const withEndpoint = (model: RouterModel, port: number): RouterModel => ({
  ...model,
  backends: model.backends.map((one, index) => (index === 0 ? { ...one, endpoints: [...one.endpoints, endpointOf(port)] } : one)),
})

const endpointOf = (port: number) => ({ address: '127.0.0.1', port, state: 'ready' }) as const

/** As many hosts as Services, each with two paths. */
function modelOf(count: number, port: number, endpoint: number): RouterModel {
  const names = Array.from({ length: count }, (_, index) => index)
  return {
    certificates: [],
    backends: names.map((index) => ({ name: `bench/s${index}:80`, protocol: 'http', endpoints: [endpointOf(endpoint)] })),
    listeners: [
      {
        name: 'bench',
        group: 'ingress',
        port,
        protocol: 'HTTP',
        hostname: '',
        wildcards: 'one label',
        hostsFallThrough: false,
        certificates: [],
        routes: names.flatMap((index) =>
          ['/', '/api'].map((path) => ({
            name: `${index}${path}`,
            hostname: `h${index}.example`,
            path: { type: 'Prefix' as const, value: path },
            headers: [],
            queryParameters: [],
            age: { createdMs: 0, object: `bench/${index}`, index: 0 },
            action: { do: 'forward' as const, backends: [{ to: `bench/s${index}:80`, weight: 1 }] },
          })),
        ),
      },
    ],
  }
}

async function load(figure: string, port: number, host: string, { seconds, terminal }: MeasureOptions): Promise<Row> {
  const { stdout } = await run('wrk', [
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${seconds}s`,
    '--latency',
    '-H',
    `Host: ${host}`,
    `http://127.0.0.1:${port}/api/x`,
  ])
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
  if (!(perSecond > 0) || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk at ${figure}: ${stdout}`)
  terminal(`  ${figure}: ${perSecond.toFixed(0)} requests/s`)
  return { figure, value: perSecond, unit: '/s', better: 'more', beside: { p50Ms: quantile(stdout, '50'), p99Ms: quantile(stdout, '99') } }
}

/** `     99%    1.23ms` or `us`, `s`. */
function quantile(text: string, percent: string): number {
  const [, number, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)$`, 'm').exec(text) ?? []
  return Number(number) * { us: 0.001, ms: 1, s: 1_000 }[unit as 'us' | 'ms' | 's']
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
