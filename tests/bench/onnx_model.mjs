// SPDX-License-Identifier: MIT
//
// Writes the ONNX model that the device is compared with: an ALBERT-base-size encoder whose
// layers share their weights, int8 by dynamic quantisation, attention products in float.
// The protobuf is written directly, so that nothing but node is needed.

const FLOAT = 1, INT8 = 3, INT64 = 7;
const ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7;

// ---- Protobuf ---------------------------------------------------------------------------

function varint(value) {
	const bytes = [];
	let left = BigInt.asUintN(64, BigInt(value));

	while (left > 127n) {
		bytes.push(Number(left & 127n) | 128);
		left >>= 7n;
	}
	bytes.push(Number(left));
	return Buffer.from(bytes);
}

const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);

function bytes(field, value) {
	const content = Buffer.isBuffer(value) ? value : Buffer.from(value);

	return Buffer.concat([varint(field << 3 | 2), varint(content.length), content]);
}

function float(field, value) {
	const content = Buffer.alloc(4);

	content.writeFloatLE(value);
	return Buffer.concat([varint(field << 3 | 5), content]);
}

// ---- ONNX -------------------------------------------------------------------------------

function tensor(name, type, dimensions, values) {
	const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);

	return bytes(5, Buffer.concat([
		...dimensions.map((size) => number(1, size)),
		number(2, type), bytes(8, name), bytes(9, raw),
	]));
}

function attribute([name, value]) {
	if (Array.isArray(value))
		return bytes(5, Buffer.concat([bytes(1, name), ...value.map((v) => number(8, v)),
			number(20, ATTRIBUTE_INTS)]));
	if (Number.isInteger(value))
		return bytes(5, Buffer.concat([bytes(1, name), number(3, value),
			number(20, ATTRIBUTE_INT)]));
	return bytes(5, Buffer.concat([bytes(1, name), float(2, value),
		number(20, ATTRIBUTE_FLOAT)]));
}

function valueInfo(field, name, dimensions) {
	const shape = dimensions.map((size) => bytes(1, number(1, size)));
	const type = Buffer.concat([number(1, FLOAT), bytes(2, Buffer.concat(shape))]);

	return bytes(field, Buffer.concat([bytes(1, name), bytes(2, bytes(1, type))]));
}

// Normal deviates from a fixed seed.
function normals(seed, count, deviation) {
	const values = new Float32Array(count);
	let state = BigInt(seed) * 2654435761n + 12345n;
	const uniform = () => {
		state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
		return (Number(state >> 40n) + 0.5) / 0x1000000;
	};

	for (let i = 0; i < count; i++)
		values[i] = deviation * Math.sqrt(-2 * Math.log(uniform())) *
			Math.cos(2 * Math.PI * uniform());
	return values;
}

// A graph under construction; node() returns the name of its first output.
class Graph {
	parts = [];
	count = 0;

	constant(name, type, dimensions, values) {
		this.parts.push(tensor(name, type, dimensions, values));
		return name;
	}

	node(operation, inputs, attributes = {}, outputs = 1) {
		const name = `n${this.count++}`;
		const results = Array.from({ length: outputs }, (_, i) => `${name}_${i}`);

		this.parts.push(bytes(1, Buffer.concat([
			...inputs.map((input) => bytes(1, input)),
			...results.map((output) => bytes(2, output)),
			bytes(3, name), bytes(4, operation),
			...Object.entries(attributes).map(attribute),
		])));
		return outputs === 1 ? results[0] : results;
	}
}

// ---- The encoder ------------------------------------------------------------------------

function addWeights(graph, name, seed, depth, columns) {
	const real = normals(seed, depth * columns, 0.02);
	const scale = real.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / 127;

	graph.constant(`${name}.weights`, INT8, [depth, columns],
		Int8Array.from(real, (w) => Math.round(w / scale)));
	graph.constant(`${name}.scale`, FLOAT, [], Float32Array.of(scale));
	graph.constant(`${name}.bias`, FLOAT, [columns], normals(seed + 100, columns, 0.02));
}

const quantise = (graph, input) => graph.node('DynamicQuantizeLinear', [input], {}, 3);

function dense(graph, [codes, scale, zero], name) {
	const sums = graph.node('MatMulInteger', [codes, `${name}.weights`, zero, 'zero']);
	const real = graph.node('Cast', [sums], { to: FLOAT });
	const factor = graph.node('Mul', [scale, `${name}.scale`]);

	return graph.node('Add', [graph.node('Mul', [real, factor]), `${name}.bias`]);
}

function heads(graph, input, order) {
	return graph.node('Transpose', [graph.node('Reshape', [input, 'heads'])], { perm: order });
}

function attention(graph, input) {
	const codes = quantise(graph, input);
	const query = heads(graph, dense(graph, codes, 'query'), [0, 2, 1, 3]);
	const key = heads(graph, dense(graph, codes, 'key'), [0, 2, 3, 1]);
	const value = heads(graph, dense(graph, codes, 'value'), [0, 2, 1, 3]);
	const scores = graph.node('Mul', [graph.node('MatMul', [query, key]), 'root']);
	const probabilities = graph.node('Softmax', [scores], { axis: -1 });
	const context = graph.node('MatMul', [probabilities, value]);
	const joined = graph.node('Transpose', [context], { perm: [0, 2, 1, 3] });

	return dense(graph, quantise(graph, graph.node('Reshape', [joined, 'joined'])), 'output');
}

function gelu(graph, input) {
	const erf = graph.node('Erf', [graph.node('Div', [input, 'sqrt2'])]);
	const twice = graph.node('Mul', [input, graph.node('Add', [erf, 'one'])]);

	return graph.node('Mul', [twice, 'half']);
}

function layer(graph, input) {
	const norm = (a, b, name) => graph.node('LayerNormalization',
		[graph.node('Add', [a, b]), `${name}.gamma`, `${name}.beta`],
		{ axis: -1, epsilon: 1e-12 });
	const attended = norm(attention(graph, input), input, 'norm1');
	const inner = gelu(graph, dense(graph, quantise(graph, attended), 'inner'));

	return norm(dense(graph, quantise(graph, inner), 'outer'), attended, 'norm2');
}

/** The model as bytes. */
export function encoderModel({ layers = 12, hidden = 768, inner = 3072, headCount = 12,
			       sequence = 128 } = {}) {
	const graph = new Graph();
	const size = BigInt(hidden / headCount);
	const shape = (...sizes) => BigInt64Array.from(sizes, BigInt);

	['query', 'key', 'value', 'output'].forEach((name, i) =>
		addWeights(graph, name, i + 1, hidden, hidden));
	addWeights(graph, 'inner', 5, hidden, inner);
	addWeights(graph, 'outer', 6, inner, hidden);
	for (const name of ['norm1', 'norm2']) {
		graph.constant(`${name}.gamma`, FLOAT, [hidden], new Float32Array(hidden).fill(1));
		graph.constant(`${name}.beta`, FLOAT, [hidden], new Float32Array(hidden));
	}
	graph.constant('zero', INT8, [], Int8Array.of(0));
	graph.constant('heads', INT64, [4], shape(1, sequence, headCount, size));
	graph.constant('joined', INT64, [3], shape(1, sequence, hidden));
	graph.constant('root', FLOAT, [], Float32Array.of(1 / Math.sqrt(hidden / headCount)));
	graph.constant('sqrt2', FLOAT, [], Float32Array.of(Math.SQRT2));
	graph.constant('one', FLOAT, [], Float32Array.of(1));
	graph.constant('half', FLOAT, [], Float32Array.of(0.5));

	let hiddenState = 'x';

	for (let i = 0; i < layers; i++)
		hiddenState = layer(graph, hiddenState);
	graph.parts.push(bytes(2, 'encoder'), valueInfo(11, 'x', [1, sequence, hidden]),
		valueInfo(12, hiddenState, [1, sequence, hidden]));
	return Buffer.concat([
		number(1, 8), bytes(2, 'edgebert benchmark'),
		bytes(7, Buffer.concat(graph.parts)),
		bytes(8, Buffer.concat([bytes(1, ''), number(2, 17)])),
	]);
}

export { normals };
