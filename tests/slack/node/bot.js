// A small bot on Slack's own framework: it says what it heard, by each way a bot can be spoken to.
const { App, LogLevel } = require("@slack/bolt");

const [url, token, appToken] = process.argv.slice(2);
const app = new App({
  token,
  appToken,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: url },
});

app.event("app_mention", async ({ event, client, context }) => {
  const place = { channel: event.channel, thread_ts: event.ts };
  await client.chat.postMessage({ ...place, text: `Heard ${event.text}` });
  const begun = await client.chat.startStream({
    ...place,
    recipient_user_id: event.user,
    recipient_team_id: context.teamId,
    markdown_text: "It ",
  });
  const stream = { channel: event.channel, ts: begun.ts };
  await client.chat.appendStream({ ...stream, markdown_text: "grows" });
  await client.chat.stopStream({ ...stream, markdown_text: "." });
  const found = await client.conversations.replies({
    channel: event.channel,
    ts: event.ts,
    include_all_metadata: true,
  });
  const text = `There are ${found.messages.length}`;
  const posted = await client.chat.postMessage({ ...place, text: "?" });
  await client.chat.update({ channel: event.channel, ts: posted.ts, text });
  await client.filesUploadV2({
    channel_id: event.channel,
    thread_ts: event.ts,
    filename: "a.txt",
    content: "seven",
  });
});

app.command("/bobbin", async ({ command, ack }) => {
  await ack(`You typed ${command.text}`);
});

app.action("bobbin:stop", async ({ ack, body, client }) => {
  await ack();
  await client.reactions.add({
    channel: body.channel.id,
    timestamp: body.message.ts,
    name: "eyes",
  });
});

app.shortcut("bobbin:ask", async ({ shortcut, ack, client }) => {
  await ack();
  const text = { type: "plain_text", text: `About ${shortcut.message.text}` };
  const view = { type: "modal", callback_id: "bobbin:ask", title: { type: "plain_text", text: "?" } };
  const blocks = [{ type: "section", text }];
  await client.views.open({ trigger_id: shortcut.trigger_id, view: { ...view, blocks } });
});

app.view("bobbin:ask", async ({ ack, body, client }) => {
  await ack();
  await client.chat.postMessage({ channel: "C0SENT", text: `Sent by ${body.user.id}` });
});

app.error(async (error) => {
  console.error(`failed: ${error.stack ?? error}`);
});

app.start().then(() => console.log("ready"));
