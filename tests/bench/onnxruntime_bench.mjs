// SPDX-License-Identifier: MIT
//
// Times the int8 encoder of onnx_model.mjs in onnxruntime-node and prints one line per thread
// count: "onnxruntime VERSION THREADS MEDIAN_MS LEAST_MS".
//
// usage: node onnxruntime_bench.mjs NODE_MODULES RUNS THREADS...

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { encoderModel, normals } from './onnx_model.mjs';

const WARM_UP = 3;
const SEQUENCE = 128, HIDDEN = 768;

const [modules, runs, ...threadCounts] = process.argv.slice(2);
const require = createRequire(`${resolve(modules)}/`);
const onnxruntime = require('onnxruntime-node');
const model = encoderModel({ sequence: SEQUENCE, hidden: HIDDEN });
const input = new onnxruntime.Tensor('float32', normals(7, SEQUENCE * HIDDEN, 1),
	[1, SEQUENCE, HIDDEN]);

async function time(session) {
	const start = process.hrtime.bigint();

	await session.run({ x: input });
	return Number(process.hrtime.bigint() - start) / 1e6;
}

for (const threads of threadCounts) {
	const session = await onnxruntime.InferenceSession.create(model, {
		executionProviders: ['cpu'], intraOpNumThreads: Number(threads),
		interOpNumThreads: 1, graphOptimizationLevel: 'all',
		executionMode: 'sequential',
	});
	const times = [];

	for (let i = 0; i < WARM_UP; i++)
		await time(session);
	for (let i = 0; i < Number(runs); i++)
		times.push(await time(session));
	times.sort((a, b) => a - b);
	console.log(`onnxruntime ${onnxruntime.env.versions.node} ${threads} ` +
		`${times[times.length >> 1].toFixed(2)} ${times[0].toFixed(2)}`);
	await session.release();
}
