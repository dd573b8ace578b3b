/** `npm run bench`: how fast and how small, in figures. Leaves the machine as it was. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { kubernetesVersion, wherryVersion } from '#lib/version.ts'
import { judge } from './aims.ts'
import type { Figure, MeasureOptions, Row } from './figure.ts'
import { controllers } from './figures/controllers.ts'
import { footprint } from './figures/footprint.ts'
import { idle } from './figures/idle.ts'
import { list } from './figures/list.ts'
import { mixed } from './figures/mixed.ts'
import { nodeFootprint } from './figures/node-footprint.ts'
import { podBurst } from './figures/pod-burst.ts'
import { podStart } from './figures/pod-start.ts'
import { reads } from './figures/reads.ts'
import { schedule } from './figures/schedule.ts'
import { serverStart } from './figures/server-start.ts'
import { up } from './figures/up.ts'
import { watch } from './figures/watch.ts'
import { writes } from './figures/writes.ts'
import { dns } from './network/dns.ts'
import { nodeLost } from './network/node-lost.ts'
import { podNetwork } from './network/pods.ts'
import { networkPolicies } from './network/policies.ts'
import { router } from './network/router.ts'
import { routerChanges } from './network/router-changes.ts'
import { servicePath } from './network/service-path.ts'
import { services } from './network/services.ts'
import { clusterProblem } from './support/cluster.ts'
import { startOwnScheduling, startOwnServer } from './support/own-server.ts'
import { referenceServer } from './support/reference-server.ts'
import { terminal } from './support/terminal.ts'
import { aimsTable, table } from './table.ts'

/** In this order: what starts anew comes before what leaves caches warm. */
const figures: readonly Figure[] = [
  serverStart,
  idle,
  writes,
  reads,
  list,
  watch,
  mixed,
  controllers,
  schedule,
  up,
  footprint,
  podStart,
  podBurst,
  nodeFootprint,
  networkPolicies,
  router,
  routerChanges,
  podNetwork,
  dns,
  services,
  servicePath,
  nodeLost,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    beside: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    nodes: { type: 'string' },
    pods: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  console.log(usage())
} else {
  const chosen = choose(positionals)
  const seconds = Number(values.seconds)
  if (!(seconds > 0 && seconds <= 600)) fail(`--seconds must be a number from 1 to 600, not "${values.seconds}"`)
  await run(chosen, { seconds, terminal, ...selected() }, values.beside)
}

async function run(chosen: readonly Figure[], options: MeasureOptions, tools: string | undefined): Promise<void> {
  const conditions = conditionsNow(options.seconds)
  const rows: Row[] = []
  const reference: Row[] = []
  const left: string[] = []
  let interrupted = false
  // Without a word here Node would end at once, and what was made would stay.
  process.once('SIGINT', () => {
    interrupted = true
    terminal('ending; what was made is removed first')
  })
  for (const figure of chosen) {
    if (interrupted) fail('interrupted')
    const problem = figure.part === 'cluster' ? clusterProblem() : undefined
    if (problem !== undefined) {
      left.push(`${figure.name}: left out, ${problem}`)
      continue
    }
    terminal(`${figure.name}: ${figure.about}`)
    if (figure.part === 'cluster') {
      rows.push(...(await figure.measure(options)))
      continue
    }
    rows.push(...(await figure.measure({ ...options, start: figure.runs === undefined ? startOwnServer : startOwnScheduling })))
    if (tools === undefined || interrupted) continue
    terminal(`${figure.name}: the reference`)
    try {
      const words = [...(figure.isUnlimited ? ['--fast'] : []), ...(figure.runs === undefined ? [] : ['--no-kcm'])]
      reference.push(...(await figure.measure({ ...options, start: referenceServer(tools, ...words) })))
    } catch (error) {
      left.push(`${figure.name}: the reference did not hold out: ${(error as Error).message}`)
    }
  }
  console.log(`\n${table(rows, reference)}\n`)
  const judged = judge(rows, tools === undefined ? undefined : reference)
  if (judged.length > 0) console.log(`${aimsTable(judged)}\n`)
  for (const line of left) console.log(line)
  console.log(explained(conditions))
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ conditions, rows, reference, aims: judged, left }, undefined, 2)}\n`)
}

/** All without a word; else the figures and parts that are named. */
function choose(words: readonly string[]): readonly Figure[] {
  for (const word of words)
    if (!figures.some(({ name, part }) => name === word || part === word)) fail(`there is no figure "${word}"\n\n${usage()}`)
  return words.length === 0 ? figures : figures.filter(({ name, part }) => words.includes(name) || words.includes(part))
}

/** What `--nodes`, `--pods` and `--only` choose. */
function selected(): Pick<MeasureOptions, 'nodes' | 'pods' | 'only'> {
  const { nodes, pods, only } = values
  return {
    ...(nodes !== undefined && { nodes: numbers('nodes', nodes) }),
    ...(pods !== undefined && { pods: numbers('pods', pods) }),
    ...(only !== undefined && { only: only.split(',') }),
  }
}

function numbers(name: string, text: string): readonly number[] {
  if (!/^[1-9][0-9]*(,[1-9][0-9]*)*$/.test(text)) fail(`--${name} must be numbers with commas between them, not "${text}"`)
  return text.split(',').map(Number)
}

function conditionsNow(seconds: number) {
  const git = (...args: string[]): string => {
    try {
      return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], cwd: import.meta.dirname }).trim()
    } catch {
      return 'unknown'
    }
  }
  return {
    wherry: wherryVersion,
    kubernetes: kubernetesVersion,
    commit: git('rev-parse', '--short', 'HEAD'),
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    secondsPerLoad: seconds,
    loadAtStart: loadavg()[0]!,
  }
}

function explained(conditions: ReturnType<typeof conditionsNow>): string {
  return [
    `Wherry ${conditions.wherry} (${conditions.commit}), Node ${conditions.node}, ${conditions.processors} × ${conditions.processor}, ` +
      `${conditions.memoryGb} GB, Linux ${conditions.kernel}; load ${conditions.loadAtStart.toFixed(2)} at the start; ` +
      `${conditions.secondsPerLoad} s a load, closed loop, HTTP/2 over TLS with a client certificate, RBAC on, every write on disk before its answer.`,
    'server cpu: processor time of the server for each operation. others: processors kept busy by neither server nor driver; above 0.3 rates suffer.',
    'reference: the original control plane (API server, etcd, controller manager, scheduler) in the same run, figure after figure, with --beside; its numbers stand in brackets.',
    'better: how many times better we are; ratio: our number divided by the reference’s.',
  ].join('\n')
}

function usage(): string {
  return [
    'npm run bench -- [FIGURE|api|cluster]… [--seconds N] [--json FILE] [--beside DIR]',
    'npm run bench -- schedule [--nodes N,…] [--pods N,…] [--only CASE,…] …',
    '',
    '--beside DIR measures the original control plane too, started by the program "up" in DIR (see bench/support/reference-server.ts).',
    '',
    ...figures.map(({ name, part, about }) => `  ${name.padEnd(14)} ${part.padEnd(8)} ${about}`),
  ].join('\n')
}

function fail(problem: string): never {
  terminal(`bench: ${problem}`)
  process.exit(64)
}
