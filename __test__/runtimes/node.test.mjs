// The packed package on the oldest and the newest Node that are supported.

import { onNode } from './on-node.mjs'

onNode(18)
onNode(26)
