import { kubernetesVersion, wherryVersion } from '#lib/version.ts'
import type { Command } from './command.ts'

export const version: Command = {
  name: 'version',
  summary: 'Print the version',
  usage: '[--json]',
  options: { json: { type: 'boolean', help: 'as JSON' } },
  async run({ options }, terminal) {
    const facts = { wherry: wherryVersion, kubernetes: kubernetesVersion, node: process.version }
    terminal.out(
      options['json']
        ? `${JSON.stringify(facts)}\n`
        : `Wherry ${facts.wherry}, compatible with Kubernetes ${facts.kubernetes}, on Node ${facts.node}\n`,
    )
    return 0
  },
}
