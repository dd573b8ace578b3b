/** Every command, in the order in which help shows them. */
import type { Command } from './command.ts'
import { down } from './down.ts'
import { image } from './image.ts'
import { kubeconfig } from './kubeconfig.ts'
import { kubectl } from './kubectl.ts'
import { logs } from './logs.ts'
import { reset } from './reset.ts'
import { server } from './server.ts'
import { status } from './status.ts'
import { up } from './up/up.ts'
import { version } from './version.ts'

export const commands: readonly Command[] = [up, down, reset, status, kubeconfig, kubectl, image, logs, server, version]
