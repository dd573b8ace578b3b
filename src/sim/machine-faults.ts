import type { SimulatedCluster } from './cluster.ts'
import type { SimulatedServer } from './server.ts'

/** What happens to the machines and processes themselves. Times in milliseconds since the faults began. */
export type MachineFault =
  /**
   * The leading server loses power: at `fromMs`, or, with `commits`, right before or right after the commit so many after that, with the
   * answer never sent. A new process takes its place `downMs` later.
   */
  | {
      readonly kind: 'server crash'
      readonly fromMs: number
      readonly downMs: number
      readonly commits?: number
      readonly when?: 'before' | 'after'
      /** Only the commits of this part of the server count, such as `job-controller`. */
      readonly by?: string
    }
  /**
   * The leading server is held up for so long, as a machine that swaps or is moved is: at `fromMs`, or, with `commits`, with the commit so many
   * after that on its way. It then goes on, and has to find out that another one leads.
   */
  | { readonly kind: 'server pause'; readonly fromMs: number; readonly forMs: number; readonly commits?: number }
  /** One more server process, as a candidate for leadership, that goes in order at `toMs`. */
  | { readonly kind: 'second server'; readonly fromMs: number; readonly toMs: number }
  /** The time of day of the leading server is set; `stays`: of all server machines, and whatever is started on them later has it. */
  | { readonly kind: 'clock jump'; readonly fromMs: number; readonly jumpMs: number; readonly stays?: boolean }
  | { readonly kind: 'kubelet crash'; readonly node: number; readonly fromMs: number; readonly downMs: number }
  | { readonly kind: 'node loss'; readonly node: number; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'node reboot'; readonly node: number; readonly fromMs: number; readonly downMs: number }
  /** The container that runs at this place among the node's, if there are so many. */
  | { readonly kind: 'container crash'; readonly node: number; readonly fromMs: number; readonly place: number }
  | {
      readonly kind: 'failing runtime'
      readonly node: number
      readonly fromMs: number
      readonly toMs: number
      readonly share: number
      readonly lateEventMs: number
    }

/** Lets the faults happen at their times. Returns how to end them: all that was broken is then whole again. */
export function startMachineFaults(cluster: SimulatedCluster, faults: readonly MachineFault[]): () => void {
  const { clock, history, nodes } = cluster
  const start = clock.now()
  const forgets: (() => void)[] = []
  let ended = false
  const at = (ms: number, run: () => void): void => {
    const go = () => {
      if (!ended) run()
    }
    forgets.push(clock.schedule(start + ms, go))
  }
  const after = (ms: number, run: () => void): void => at(clock.now() - start + ms, run)
  const leader = (): SimulatedServer | undefined =>
    cluster.servers.find(({ process }) => process.name === cluster.leader()) ?? cluster.servers[0]
  const note = (what: string, object: string) => history.note({ who: 'simulation', what, object, result: '' })

  const begin: { readonly [K in MachineFault['kind']]: (fault: Extract<MachineFault, { kind: K }>) => void } = {
    'server crash': ({ downMs, commits, when, by }) => {
      const server = leader()
      if (server === undefined) return
      const restart = () => after(downMs, () => void cluster.startServer())
      if (commits === undefined) {
        cluster.killServer(server)
        restart()
      } else cluster.killAtCommit(server, commits, when ?? 'before', restart, by)
    },
    'server pause': ({ forMs, commits }) => {
      const server = leader()
      if (server === undefined) return
      const resume = () => after(forMs, () => cluster.resumeServer(server))
      if (commits === undefined) {
        cluster.pauseServer(server)
        resume()
      } else cluster.pauseAtCommit(server, commits, resume)
    },
    'second server': ({ fromMs, toMs }) => {
      const server = cluster.startServer()
      at(Math.max(toMs, fromMs + 1), () => {
        if (server.process.isAlive) void cluster.stopServer(server)
      })
    },
    'clock jump': ({ jumpMs, stays }) => {
      if (stays) return cluster.jumpClocks(jumpMs)
      const server = leader()
      if (server === undefined) return
      note('clock jump', `${server.process.name} ${jumpMs} ms`)
      server.process.jump(jumpMs)
    },
    'kubelet crash': ({ node, downMs }) => {
      const one = nodes[node]!
      note('kubelet crash', one.name)
      one.killKubelet()
      after(downMs, () => revive(node))
    },
    'node loss': ({ node, toMs }) => {
      cluster.setReachable(nodes[node]!, false)
      at(toMs, () => cluster.setReachable(nodes[node]!, true))
    },
    'node reboot': ({ node, downMs }) => {
      const one = nodes[node]!
      note('reboot', one.name)
      one.reboot()
      after(downMs, () => revive(node))
    },
    'container crash': ({ node, place }) => {
      const { runtime, name } = nodes[node]!
      const running = runtime.running('main')
      const id = running[place % Math.max(1, running.length)]
      if (id === undefined) return
      note('container crash', `${name} ${id}`)
      runtime.crash(id, 1)
    },
    'failing runtime': ({ node, toMs, share, lateEventMs }) => {
      const { runtime, name } = nodes[node]!
      note('failing runtime', name)
      runtime.setFaults({ failBefore: share, failAfter: share, loseEvent: share, lateEventMs })
      at(toMs, () => runtime.setFaults({}))
    },
  }
  function revive(node: number): void {
    const one = nodes[node]!
    if (one.isKubeletAlive) return
    note('kubelet start', one.name)
    one.startKubelet()
  }

  for (const fault of faults) at(fault.fromMs, () => begin[fault.kind](fault as never))

  return () => {
    ended = true
    for (const forget of forgets) forget()
    for (const [index, node] of nodes.entries()) {
      cluster.setReachable(node, true)
      node.runtime.setFaults({})
      // What it lost of events it tells when it is asked again, as after a restart of the runtime; by itself a kubelet asks every few minutes.
      if (faults.some((fault) => fault.kind === 'failing runtime' && fault.node === index)) node.runtime.breakEvents()
      revive(index)
    }
    for (const server of cluster.servers) {
      cluster.killAtCommit(server, Infinity, 'before', () => {})
      cluster.resumeServer(server)
    }
    if (cluster.servers.length === 0) cluster.startServer()
  }
}
