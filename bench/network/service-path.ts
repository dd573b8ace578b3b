import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '#host/run.ts'
import { addresses, openPacketWorld } from '#network/proxy/testing/packet-world.ts'
import { createTestMachines } from '#network/testing/machines.ts'
import type { Figure, Row } from '../figure.ts'
import { quantiles } from '../support/statistics.ts'
import { type Ends, throughput } from './iperf3.ts'
import { fillServices, putService } from './services.ts'

/** What going through a Service takes of going to the pod itself, and of a bare veth pair: measured in turn, since the machine is shared. */
export const servicePath: Figure = {
  name: 'service-path',
  part: 'cluster',
  about: 'pod to Service, among 1 and 10,000, beside pod to pod and a bare veth pair; needs iperf3, wrk and nginx',
  async measure({ seconds, terminal }) {
    const machines = createTestMachines('svcpathbench')
    // Each way has connections of its own: the kernel remembers those that ended, and would look for other ports.
    const none = await openPacketWorld(`svcn${process.pid % 10_000}`)
    const few = await openPacketWorld(`svcf${process.pid % 10_000}`)
    const many = await openPacketWorld(`svcm${process.pid % 10_000}`)
    const folder = mkdtempSync(join(tmpdir(), 'service-path-'))
    const servers: (() => Promise<void>)[] = []
    try {
      const [client, server] = (await machines.pair()) as unknown as [Machine, Machine]
      fillServices(many, 10_000)
      for (const world of [none, few, many]) {
        if (world !== none) putService(world, 'web', '10.8.0.7', ['b'])
        await world.start()
      }
      const ways: Way[] = [
        { name: 'bare veth', from: client.inside, to: server.inside, address: server.address, webPort: 8081 },
        { name: 'pod', from: none.prefix('a'), to: none.prefix('b'), address: addresses.b[0], webPort: 8081 },
        { name: 'Service', from: few.prefix('a'), to: few.prefix('b'), address: '10.8.0.7', webPort: 80 },
        { name: 'Service among 10,000', from: many.prefix('a'), to: many.prefix('b'), address: '10.8.0.7', webPort: 80 },
      ]
      for (const [at, prefix] of [server.inside, none.prefix('b'), few.prefix('b'), many.prefix('b')].entries())
        servers.push(await serve(prefix, join(folder, `${at}`)))
      const results = ways.map(() => ({ gigabits: [] as number[], kept: [] as Load[], fresh: [] as Load[] }))
      const perRound = Math.max(1, Math.round(seconds / rounds))
      for (let round = 0; round < rounds; round += 1)
        for (const [at, way] of ways.entries()) {
          results[at]!.kept.push(await load(way, perRound, false))
          results[at]!.fresh.push(await load(way, perRound, true))
          results[at]!.gigabits.push(await throughput(way, perRound))
        }
      return ways.flatMap(({ name }, at): Row[] => {
        const own = medians(results[at]!)
        const bare = medians(results[0]!)
        terminal(
          `${name}: ${own.gigabits.toFixed(1)} Gbit/s, ${own.kept.toFixed(0)} and ${own.fresh.toFixed(0)} requests/s, p99 ${own.p99Us.toFixed(0)} µs`,
        )
        return [
          {
            figure: `${name}: throughput`,
            value: own.gigabits,
            unit: 'Gbit/s',
            better: 'more',
            beside: { ofBareVeth: own.gigabits / bare.gigabits },
          },
          {
            figure: `${name}: requests over kept connections`,
            value: own.kept,
            unit: '/s',
            better: 'more',
            beside: { ofBareVeth: own.kept / bare.kept, p50Us: own.p50Us, p99Us: own.p99Us },
          },
          {
            figure: `${name}: requests, each over a new connection`,
            value: own.fresh,
            unit: '/s',
            better: 'more',
            beside: { ofBareVeth: own.fresh / bare.fresh },
          },
        ]
      })
    } finally {
      for (const stop of servers) await stop()
      rmSync(folder, { recursive: true, force: true })
      await machines.close()
      await none.close()
      await few.close()
      await many.close()
    }
  },
}

const rounds = 3

interface Machine {
  readonly inside: readonly string[]
  readonly address: string
}

interface Way extends Ends {
  readonly name: string
  readonly webPort: number
}

interface Load {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
}

const medians = ({ gigabits, kept, fresh }: { gigabits: number[]; kept: Load[]; fresh: Load[] }) => ({
  gigabits: quantiles(gigabits).p50,
  kept: quantiles(kept.map(({ perSecond }) => perSecond)).p50,
  fresh: quantiles(fresh.map(({ perSecond }) => perSecond)).p50,
  p50Us: quantiles(kept.map(({ p50Us }) => p50Us)).p50,
  p99Us: quantiles(kept.map(({ p99Us }) => p99Us)).p50,
})

/** nginx with a small answer, in a namespace. */
async function serve(prefix: readonly string[], folder: string): Promise<() => Promise<void>> {
  const file = `${folder}.conf`
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}.pid; error_log stderr crit; events { worker_connections 1024; }
http { access_log off; sendfile on; keepalive_requests 1000000; server { listen 8081;
  location / { return 200 "ok"; } } }`,
  )
  const [command, ...words] = [...prefix, 'nginx', '-c', file, '-p', tmpdir()]
  const child = spawn(command!, words, { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const [probe, ...probeWords] = [...prefix, 'sh', '-c', 'until ss -Hltn sport = :8081 | grep -q 8081; do sleep 0.05; done']
  await run(probe!, probeWords, { timeoutMs: 10_000 })
  return async () => {
    child.kill('SIGTERM')
    await ended
    await delay(50)
  }
}

async function load({ from, address, webPort }: Way, seconds: number, isFresh: boolean): Promise<Load> {
  const close = isFresh ? ['-H', 'Connection: close'] : []
  const [command, ...words] = [
    ...from,
    'wrk',
    '-t',
    '1',
    '-c',
    '16',
    '-d',
    `${seconds}s`,
    '--latency',
    ...close,
    `http://${address}:${webPort}/`,
  ]
  const { stdout } = await run(command!, words, { timeoutMs: (seconds + 20) * 1_000 })
  const microseconds = (share: string): number => {
    const [, value, unit] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout) ?? []
    return Number(value) * { us: 1, ms: 1_000, s: 1_000_000 }[unit as 'us']!
  }
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), p50Us: microseconds('50'), p99Us: microseconds('99') }
}
