import type { PodLookup } from '#kubelet/interfaces.ts'

export interface Metrics {
  /** Counts a request from its beginning; the function returned ends it. */
  begin(method: string, path: string): (status: number) => void
  /** Prometheus' text format 0.0.4. */
  text(): string
}

/** Names and labels as the reference's kubelet, so that dashboards made for it show this one too. */
export function createMetrics(options: { readonly pods: PodLookup; readonly nodeName: string }): Metrics {
  const finished = new Map<string, number>()
  const inFlight = new Map<string, number>()
  const add = (map: Map<string, number>, key: string, by: number) => map.set(key, (map.get(key) ?? 0) + by)
  return {
    begin(method, path) {
      // The first part only, of known ones: names in a path would make a series each.
      const first = path.split('/')[1] ?? ''
      const key = labels({ method: known(methods, method), path: known(paths, first) })
      add(inFlight, key, 1)
      return () => {
        add(inFlight, key, -1)
        add(finished, key, 1)
      }
    },
    text() {
      const states = new Map<string, number>()
      let running = 0
      for (const { containers, sandboxId } of options.pods.list()) {
        if (sandboxId !== undefined) running += 1
        for (const { state } of containers) add(states, labels({ container_state: state }), 1)
      }
      const { rss } = process.memoryUsage()
      const { user, system } = process.cpuUsage()
      return [
        family('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox', [['', running]]),
        family('kubelet_running_containers', 'gauge', 'Number of containers by state', [...states]),
        family('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [[labels({ node: options.nodeName }), 1]]),
        family('kubelet_http_requests_total', 'counter', 'Number of the http requests received since the server started', [...finished]),
        family('kubelet_http_inflight_requests', 'gauge', 'Number of the inflight http requests', [...inFlight]),
        family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [['', rss]]),
        family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [['', (user + system) / 1e6]]),
      ].join('')
    },
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const paths = ['exec', 'attach', 'portForward', 'run', 'containerLogs', 'pods', 'runningpods', 'healthz', 'metrics', 'configz', 'stats']
const known = (names: readonly string[], name: string): string => (names.includes(name) ? name : 'other')

function labels(pairs: Readonly<Record<string, string>>): string {
  const text = Object.entries(pairs).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
  )
  return `{${text.join(',')}}`
}

function family(name: string, type: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(([text, value]) => `${name}${text} ${value}\n`).join('')}`
}
