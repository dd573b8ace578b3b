import { WherryError } from '#lib/errors.ts'
import { type Command, exit } from '../command.ts'
import { connectTo } from '../connect-to.ts'
import { readSchedulers } from '../scheduler-profiles.ts'
import { readManifestTexts } from '../simulate/read-manifests.ts'
import { planManifests } from './plan-manifests.ts'
import { render } from './render.ts'

/** `wherry plan -f …`: where pods of manifests would run. */
export const plan: Command = {
  name: 'plan',
  summary: 'Tell where the pods of manifests would run, and what they would push aside, without changing anything',
  usage: '-f PATH… [-n NAMESPACE] [-o json] [--kubeconfig FILE]',
  options: {
    filename: {
      type: 'string',
      short: 'f',
      multiple: true,
      value: 'PATH',
      help: 'a file, a folder with all in it, or - for standard input',
    },
    namespace: { type: 'string', short: 'n', value: 'NAME', help: "of objects that name none (default: default, or the kubeconfig's)" },
    output: { type: 'string', short: 'o', value: 'json', help: 'as JSON: ok, workloads, overruns, problems, notes' },
    kubeconfig: { type: 'string', value: 'FILE', help: "of another cluster, or another user (default: this machine's administrator)" },
    'scheduler-config': { type: 'string', value: 'FILE', help: "the scheduler's configuration (default: this server's, else none)" },
  },
  about: [
    'Reads the cluster once, has the server admit the manifests in dry runs, and places their pods one after another by the scheduler’s own rules:',
    'pods, Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, and one run of CronJobs. Namespaces, priority classes, limits, quotas, claims',
    'and budgets among the manifests count as if they were there. Of workloads that are there only what is missing is placed; where the template is',
    'another, their present pods are taken to be gone. Exits with 0 when every pod finds a node, with 1 when not, or when a budget would be broken.',
  ].join('\n'),
  async run({ options, layout }, terminal) {
    const paths = (options['filename'] ?? []) as readonly string[]
    if (paths.length === 0)
      throw new WherryError('BadRequest', '-f PATH is missing: a file or folder with manifests, or - for standard input')
    const output = options['output']
    if (output !== undefined && output !== 'json') throw new WherryError('BadRequest', `-o takes json, not "${output}"`)
    const way = connectTo(layout, options['kubeconfig'] as string | undefined)
    try {
      const schedulers = readSchedulers((options['scheduler-config'] as string | undefined) ?? way.schedulerConfig)
      const namespace = (options['namespace'] as string | undefined) ?? way.namespace
      const manifests = readManifestTexts(paths)
      const report = await planManifests(way.transport, { ...schedulers, manifests, namespace, now: Date.now() })
      terminal.out(output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : render(report))
      return report.ok ? exit.done : exit.failed
    } finally {
      way.close()
    }
  },
}
