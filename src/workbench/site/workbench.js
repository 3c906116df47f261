'use strict';
// Sends what is typed and chosen, and puts what comes into its place. What the user has made is kept in the
// browser: a page that is loaded again is as it was left.

const $ = (selector, inside = document) => inside.querySelector(selector);
const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];

const rules = $('#rules');
const key = `workbench: ${rules.dataset.name}`;
const kept = (() => {
    try {
        const found = JSON.parse(localStorage.getItem(key)) ?? {};
        // Text of an earlier version of the file is not put over the new one.
        return found.opened === rules.defaultValue ? found : { ...found, rules: undefined };
    } catch {
        return {};
    }
})();

function keep(name, value) {
    kept[name] = value;
    kept.opened = rules.defaultValue;
    try {
        localStorage.setItem(key, JSON.stringify(kept));
    } catch {
        // The store of the browser is full: what is on the page still works.
    }
}

/** Puts a part of the page into its place; scripts and styles never come with it. */
function put(place, html) {
    place.innerHTML = html;
    place.classList.remove('busy');
}

function fail(place, text) {
    const line = document.createElement('p');
    line.className = 'refusal';
    line.setAttribute('role', 'alert');
    line.textContent = text;
    place.replaceChildren(line);
    place.classList.remove('busy');
}

const latest = new Map();

/** Asks for a part; an earlier answer to the same place is dropped. */
async function ask(path, body, place) {
    latest.get(place)?.abort();
    const control = new AbortController();
    latest.set(place, control);
    place.classList.add('busy');
    try {
        const answer = await fetch(path, {
            method: body === undefined ? 'GET' : 'POST',
            headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
            body: body === undefined ? undefined : JSON.stringify(body),
            signal: control.signal,
        });
        const text = await answer.text();
        if (control.signal.aborted) return false;
        const isPart = answer.headers.get('Content-Type')?.startsWith('text/html');
        if (answer.status === 413) fail(place, 'This is larger than the 16 MiB that the page takes.');
        else if (isPart) put(place, text);
        else fail(place, text || `The workbench answers ${answer.status}.`);
        return answer.ok;
    } catch (error) {
        if (error.name !== 'AbortError') fail(place, 'The workbench does not answer: it was stopped.');
        return false;
    }
}

// Views.

function show() {
    const wanted = location.hash.slice(1);
    const views = $$('.view');
    const shown = views.find((view) => view.id === wanted) ?? views[0];
    for (const view of views) view.hidden = view !== shown;
    scrollTo(0, 0);
    for (const link of $$('nav a')) {
        if (link.hash === `#${shown.id}`) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    }
    if (shown.id === 'captures') ask('/captures', undefined, $('#listed'));
    if (shown.id === 'ruleset') size();
}
addEventListener('hashchange', show);

// Ruleset.

const [numbers, under, found] = [$('#numbers'), $('#under'), $('#found')];

/** The editor is as high and wide as its text: one place scrolls for numbers, marks and text. */
function size() {
    const lines = rules.value.split('\n');
    rules.rows = lines.length;
    rules.style.width = '100%';
    rules.style.width = `${Math.max(rules.scrollWidth, rules.parentElement.clientWidth)}px`;
    return lines.length;
}

function mark() {
    const places = $$('#findings button').map((one) => ({
        from: Number(one.dataset.from),
        to: Number(one.dataset.to),
        line: Number(one.dataset.line),
        severity: one.dataset.severity,
    }));
    const text = rules.value;
    const parts = [];
    let end = 0;
    for (const { from, to, severity } of places) {
        if (from < end) continue;
        parts.push(text.slice(end, from));
        const one = document.createElement('mark');
        one.className = severity;
        // A place behind the text is shown as a blank.
        one.textContent = text.slice(from, Math.max(to, from + 1)) || ' ';
        parts.push(one);
        end = Math.max(to, from + 1);
    }
    under.replaceChildren(...parts, text.slice(end));
    const worst = new Map();
    for (const { line, severity } of places) {
        if (worst.get(line) !== 'error') worst.set(line, severity);
    }
    numbers.replaceChildren(
        ...Array.from({ length: size() }, (_, at) => {
            const number = document.createElement('span');
            number.className = worst.get(at + 1) ?? '';
            const sign = { error: '✖ ', warning: '▲ ' }[number.className] ?? '';
            number.textContent = `${sign}${at + 1}\n`;
            return number;
        }),
    );
}

async function look() {
    mark();
    if (await ask('/findings', { rules: rules.value }, found)) mark();
}

rules.addEventListener('input', () => {
    keep('rules', rules.value);
    look();
});

found.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-from]');
    if (!button) return;
    rules.focus();
    rules.setSelectionRange(Number(button.dataset.from), Number(button.dataset.to));
    const height = Number.parseFloat(getComputedStyle(rules).lineHeight);
    $('.editor').scrollTop = (Number(button.dataset.line) - 5) * height;
});

$('#revert').addEventListener('click', () => {
    rules.value = rules.defaultValue;
    keep('rules', undefined);
    look();
});

$('#save').addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([rules.value], { type: 'application/json' }));
    link.download = 'ruleset.json';
    link.click();
    URL.revokeObjectURL(link.href);
});

// Forms keep what is typed.

for (const form of $$('form')) {
    const stored = kept[form.id] ?? {};
    for (const field of form.elements) {
        if (!field.name || !(field.name in stored)) continue;
        if (field.type === 'radio') field.checked = field.value === stored[field.name];
        else if (field.type === 'checkbox') field.checked = stored[field.name] === true;
        else field.value = stored[field.name];
    }
    form.addEventListener('input', () => keep(form.id, values(form)));
}

function values(form) {
    const all = {};
    for (const field of form.elements) {
        if (!field.name) continue;
        if (field.type === 'radio') {
            if (field.checked) all[field.name] = field.value;
        } else all[field.name] = field.type === 'checkbox' ? field.checked : field.value;
    }
    return all;
}

// Queue.

const queueForm = $('#queue-form');
const [played, explained] = [$('#played'), $('#explained')];

function choose() {
    const { from } = values(queueForm);
    for (const fields of $$('[data-from]', queueForm)) fields.hidden = fields.dataset.from !== from;
    const name = $('#capture-name');
    if (name && kept.capture) name.textContent = kept.capture;
}
queueForm.addEventListener('input', choose);

const hint = explained.innerHTML;

/** The tick that was played last: a ticket is explained in it, whatever was typed since. */
let tick;

function asked() {
    const { from, count, text, 'queue-seed': seed } = values(queueForm);
    const queues = {
        made_up: () => ({ from, count: Number(count), seed: Number(seed) }),
        text: () => ({ from, text }),
        capture: () => ({ from, name: kept.capture ?? '' }),
    };
    return { rules: rules.value, queue: queues[from]() };
}

async function play() {
    tick = asked();
    latest.get(explained)?.abort();
    put(explained, hint);
    await ask('/play', tick, played);
}

queueForm.addEventListener('submit', (event) => {
    event.preventDefault();
    play();
});

$('#file').addEventListener('change', async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    queueForm.elements.text.value = await file.text();
    keep(queueForm.id, values(queueForm));
});

played.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-ticket]');
    if (!button) return;
    for (const other of $$('[aria-pressed]', played)) other.removeAttribute('aria-pressed');
    button.setAttribute('aria-pressed', 'true');
    await ask('/explain', { ...tick, ticket: button.dataset.ticket }, explained);
    explained.focus({ preventScroll: true });
    if (explained.getBoundingClientRect().top > innerHeight - 100) explained.scrollIntoView();
});

// Work that takes long.

function population(form) {
    const all = values(form);
    const head = `players_per_second = ${all.players_per_second}\ntick_s = ${all.tick_s}\n`;
    const patience = `patience_s = { median = ${all.median}, p95 = ${all.p95} }\n`;
    return `${head}${patience}${all.population}`;
}

/** Shows the report of a run, as long as the workbench has it. */
async function read(view, id) {
    const answer = await fetch(`/runs/${id}/report`);
    if (answer.ok) put(places(view).report, await answer.text());
    else keep(`report of ${view.id}`, undefined);
}

/** The places of a view that works: its progress and its report. */
function places(view) {
    const run = $('.run', view);
    const [bar, said, cancel] = [$('progress', run), $('output', run), $('button', run)];
    return { run, bar, said, cancel, report: $('.report', view) };
}

// A page that is left closes its events: that is no end of a run.
let leaves = false;
addEventListener('beforeunload', () => {
    leaves = true;
});

function watch(view, id) {
    const { run, bar, said, cancel, report } = places(view);
    report.replaceChildren();
    const started = performance.now();
    let first;
    run.hidden = false;
    bar.removeAttribute('value');
    said.textContent = '';
    const events = new EventSource(`/runs/${id}/events`);
    const end = (text) => {
        events.close();
        run.hidden = true;
        keep(`run of ${view.id}`, undefined);
        if (text) fail(report, text);
    };
    cancel.onclick = () => fetch(`/runs/${id}/stop`, { method: 'POST' });
    events.addEventListener('working', (event) => {
        const { done, all } = JSON.parse(event.data);
        if (!all) return;
        bar.max = all;
        bar.value = done;
        first ??= done;
        const rate = (done - first) / (performance.now() - started);
        const left = rate > 0 ? `, ${Math.ceil((all - done) / rate / 1000)} s left` : '';
        said.textContent = `${Math.floor((done / all) * 100)} %${left}`;
    });
    events.addEventListener('done', async () => {
        end();
        keep(`report of ${view.id}`, id);
        await read(view, id);
    });
    events.addEventListener('failed', (event) => end(JSON.parse(event.data).why));
    events.addEventListener('stopped', () => end('Cancelled.'));
    events.onerror = () => {
        if (!leaves && events.readyState === EventSource.CLOSED) end('This run is not there any more: start it again.');
    };
}

for (const [name, more] of [
    ['simulate', (all) => ({ runs: Number(all.runs), beside: all.beside ? rules.defaultValue : '' })],
    ['tune', (all) => ({ candidates: Number(all.candidates), goals: all.goal.trim() ? [all.goal.trim()] : [] })],
]) {
    const [view, form] = [$(`#${name}`), $(`#${name}-form`)];
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const all = values(form);
        const body = {
            rules: rules.value,
            population: population(form),
            hours: Number(all.hours),
            seed: Number(all.seed),
            ...more(all),
        };
        const { report } = places(view);
        try {
            const answer = await fetch(`/${name}`, {
                method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify(body),
            });
            if (!answer.ok) return put(report, await answer.text());
            const { run } = await answer.json();
            keep(`run of ${name}`, run);
            return watch(view, run);
        } catch {
            return fail(report, 'The workbench does not answer: it was stopped.');
        }
    });
    if (kept[`run of ${name}`]) watch(view, kept[`run of ${name}`]);
    else if (kept[`report of ${name}`]) read(view, kept[`report of ${name}`]);
}

// Captures.

/** Puts the ruleset that a tick was recorded with into the editor. */
async function take(name) {
    try {
        const answer = await fetch(`/captures/${encodeURIComponent(name)}/ruleset`);
        const text = await answer.text();
        if (!answer.ok) return put($('#listed'), text);
        rules.value = text;
        keep('rules', text);
        location.hash = '#ruleset';
        return look();
    } catch {
        return fail($('#listed'), 'The workbench does not answer: it was stopped.');
    }
}

$('#list').addEventListener('click', () => ask('/captures', undefined, $('#listed')));

$('#listed').addEventListener('click', (event) => {
    const { open, ruleset, replay } = event.target.dataset;
    if (ruleset) take(ruleset);
    if (open) {
        keep('capture', open);
        queueForm.elements.from.value = 'capture';
        keep(queueForm.id, values(queueForm));
        choose();
        location.hash = '#queue';
        play();
    }
    if (replay) {
        const place = $('.replayed', event.target.parentElement);
        ask(`/captures/${encodeURIComponent(replay)}/replay`, {}, place);
    }
});

if (typeof kept.rules === 'string') rules.value = kept.rules;
choose();
show();
look();
