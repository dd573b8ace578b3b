import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { paths } from '#host/layout.ts'
import { isThere } from '#host/packages.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from './command.ts'
import { readAdminKubeconfig } from './kubeconfig.ts'

export const kubectl: Command = {
  name: 'kubectl',
  summary: 'Run kubectl against this cluster',
  usage: 'ARGUMENT…',
  options: {},
  passesThrough: true,
  about: 'Runs the kubectl that is installed on this machine; everything after the word is handed over as it is.',
  async run({ arguments: words, layout }) {
    const file = paths(layout).adminKubeconfig
    readAdminKubeconfig(file)
    if (!isThere('kubectl'))
      throw new WherryError('ServiceUnavailable', 'kubectl is not installed on this machine; any version from 1.32 on will do')
    const child = spawn('kubectl', words, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: file } })
    // A Ctrl-C reaches kubectl as well, since it is in our process group; we only have to outlive it to tell its exit code.
    process.on('SIGINT', () => {})
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  },
}
