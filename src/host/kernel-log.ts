import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { KernelLog } from '#kubelet/oom/oom-watcher.ts'
import { WherryError } from '#lib/errors.ts'

/**
 * The kernel's log by dmesg(1) of util-linux, which sleeps until there is a line: to read /dev/kmsg here would keep a thread of Node's pool for ever.
 * It ends with us, however we end (setpriv(1), PR_SET_PDEATHSIG).
 */
export const kernelLog = (command: readonly [string, ...string[]] = followDmesg): KernelLog => ({
  follow(onLine, onEnd) {
    const [program, ...parameters] = command
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } })
    let isOver = false
    const end = (error: unknown, isLost: boolean): void => {
      if (isOver) return
      isOver = true
      onEnd({ error, isLost })
    }
    child.once('error', (error) => end(error, (error as NodeJS.ErrnoException).code === 'ENOENT'))
    // Of setpriv: the program is not there.
    child.once('close', (code) => end(new WherryError('ServiceUnavailable', `${program} ended with ${code}`), code === NO_PROGRAM))
    createInterface(child.stdout).on('line', (line) => {
      if (!isOver) onLine(line)
    })
    return () => {
      isOver = true
      child.kill()
    }
  },
})

const followDmesg = ['setpriv', '--pdeathsig', 'KILL', 'dmesg', '--follow-new', '--kernel', '--notime', '--color=never'] as const
const NO_PROGRAM = 127
